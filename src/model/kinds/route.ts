import { Type } from 'typebox'
import {
  duration,
  groupName,
  hostname,
  kindName,
  list,
  namespaceName,
  object,
  objectName,
  optional,
  port,
  required,
  sectionName,
  text,
  type Shape,
} from './shapes.ts'

// What the kinds of routes have in common.

export const parentRef = object(
  {
    group: optional(groupName, 'The API group of the parent.', 'gateway.networking.k8s.io'),
    kind: optional(
      kindName,
      'The kind of the parent: a Gateway with its own listeners, or a ListenerSet with those that it adds.',
      'Gateway',
    ),
    namespace: optional(
      namespaceName,
      'The namespace of the parent; left out, that of the route. The listener must allow routes of others (`allowedRoutes`).',
    ),
    name: required(objectName, 'The name of the parent.'),
    sectionName: optional(
      sectionName,
      'Only the listener of this name; left out, every one that takes the route.',
    ),
    port: optional(port, 'Only listeners on this port.'),
  },
  { title: 'ParentReference' },
)

export const parentRefs = optional(
  list(parentRef, 0, 32),
  'The Gateways and ListenerSets, or listeners of them, that are to serve the route.',
)

/** Of the experimental channel (GEP-3793). */
export const useDefaultGateways = optional(
  Type.Enum(['All', 'None']),
  'Whether the route is also served by the Gateways that have defaultScope All.',
  'None',
)

export const hostnames = optional(
  list(hostname, 0, 16),
  'Hosts of the requests that are taken, as far as the listener has them; *. takes one or more labels. Left out, all hosts of the listener.',
)

export const ruleName = optional(
  sectionName,
  'A name of the rule for logs, metrics and policies; no other rule of the route has it.',
)

/** SessionPersistence (GEP-1619, as in v1.7), experimental. */
export const sessionPersistence = optional(
  object(
    {
      absoluteTimeout: optional(duration, 'How long a session lasts at most.'),
      type: optional(Type.Enum(['Cookie', 'Header']), 'What tells the session of a request.', 'Cookie'),
      cookie: optional(
        object({
          name: optional(text(256), 'The name of the cookie; left out, one of its own for each rule.'),
          path: optional(text(1024), 'The Path of the cookie.', '/'),
          lifetimeType: optional(
            Type.Enum(['Permanent', 'Session']),
            'Whether the cookie outlives the browser session; Permanent needs `absoluteTimeout`.',
            'Session',
          ),
        }),
        'For type Cookie, which needs it; it may be empty.',
      ),
      header: optional(
        object({ name: required(text(256), 'The name of the header, which the client sends back.') }),
        'For type Header, which needs it.',
      ),
    },
    { title: 'SessionPersistence' },
  ),
  'Keeps the requests of a session on one endpoint. An endpoint that is gone or left out is replaced, and the client is told.',
)

export type ParentReference = Shape<typeof parentRef>
export type SessionPersistence = Shape<typeof sessionPersistence>
