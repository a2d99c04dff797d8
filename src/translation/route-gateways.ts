import { GATEWAY_API } from '../model/kind.ts'
import { Gateway } from '../model/kinds/gateway.ts'
import type { GRPCRoute } from '../model/kinds/grpc-route.ts'
import type { HTTPRoute } from '../model/kinds/http-route.ts'
import type { Resource } from '../model/resource.ts'
import { refKey } from '../model/resources.ts'

/**
 * Whether all Gateways of ours that serve a route are among `places`, or the listeners that it names: `default/web`,
 * `default/web/https`. False where it leaves to others which they are.
 */
export function isServedWithin(
  { metadata, body: { spec } }: HTTPRoute | GRPCRoute,
  places: ReadonlySet<string>,
  ours: ReadonlyMap<string, unknown>,
): boolean {
  if (spec.useDefaultGateways === 'All') return false
  const parents = (spec.parentRefs ?? []).flatMap(
    ({ group = GATEWAY_API, kind = Gateway.kind, namespace = metadata.namespace, name, sectionName }) =>
      ours.has(refKey({ group, kind, namespace, name }))
        ? [{ whole: `${namespace}/${name}`, section: sectionName }]
        : [],
  )
  return (
    parents.length > 0 &&
    parents.every(
      ({ whole, section }) =>
        places.has(whole) || (section !== undefined && places.has(`${whole}/${section}`)),
    )
  )
}

/** Whether a policy lets some pass that its kind would stop, which may be all of a route: who it leaves out, and who has shown nothing. */
export function isLax({ body }: Resource): boolean {
  const spec = typeof body === 'object' && body !== null && 'spec' in body ? body.spec : null
  if (typeof spec !== 'object' || spec === null) return false
  const { except, anonymous, dryRun } = spec as Readonly<Record<string, unknown>>
  return (Array.isArray(except) && except.length > 0) || anonymous === true || dryRun === true
}
