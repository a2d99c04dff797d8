import { Type } from 'typebox'
import {
  duration,
  groupName,
  kindName,
  namespaceName,
  object,
  objectName,
  port,
  sectionName,
  text,
  type Shape,
} from './shapes.ts'

// What the kinds of routes have in common.

/** ParentReference: group gateway.networking.k8s.io and kind Gateway where absent. */
export const parentRef = object({
  group: Type.Optional(groupName),
  kind: Type.Optional(kindName),
  namespace: Type.Optional(namespaceName),
  name: objectName,
  sectionName: Type.Optional(sectionName),
  port: Type.Optional(port),
})

/** SessionPersistence (GEP-1619), experimental. */
export const sessionPersistence = object({
  sessionName: Type.Optional(text(128)),
  absoluteTimeout: Type.Optional(duration),
  type: Type.Optional(Type.Enum(['Cookie', 'Header'])),
  cookieConfig: Type.Optional(object({ lifetimeType: Type.Optional(Type.Enum(['Permanent', 'Session'])) })),
})

export type ParentReference = Shape<typeof parentRef>
export type SessionPersistence = Shape<typeof sessionPersistence>
