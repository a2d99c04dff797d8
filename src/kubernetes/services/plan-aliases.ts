import { Service } from '../../model/kinds/service.ts'
import type { ResourceRef } from '../../model/resource.ts'
import type { Resources } from '../../model/resources.ts'
import {
  gatewayKeyOf,
  isAliasOf,
  type GatewayServiceSettings,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import type { Known } from '../object-store.ts'
import { FOREIGN } from './made.ts'
import { goneGateways } from './orphans.ts'
import { aliasPatch, newAlias, wantedAlias, type WantedAlias } from './wanted-alias.ts'
import type { Write } from './writes.ts'

type Place = Pick<ResourceRef, 'namespace' | 'name'>

interface Planned {
  readonly writes: readonly Write[]
  readonly problems: readonly (Place & { readonly problem: string })[]
  /** Those that say what is wanted. */
  readonly inOrder: readonly Place[]
  /** All that are wanted: `default/front-portcullis`. */
  readonly keys: ReadonlySet<string>
}

interface Situation {
  readonly resources: Resources
  /** The oldest Gateway first. */
  readonly wants: readonly GatewayServiceWant[]
  readonly settings: GatewayServiceSettings
  /** Of the cluster. */
  readonly domain: string
  /** An object as the server had it last. */
  readonly known: (ref: ResourceRef) => Known | undefined
}

/** What is to be written so that each Gateway has its alias, and no other is left. Pure. */
export function planAliases(now: Situation): Planned {
  const writes: Write[] = []
  const problems: (Place & { readonly problem: string })[] = []
  const inOrder: Place[] = []
  const names = new Map<string, string>()
  const keys = new Set<string>()
  const had = new Set<string>()
  for (const want of now.wants) {
    // Beside its Service it has a name already; and of one that is broken what there is stays.
    if (want.gateway.namespace === now.settings.namespace || want.ports.length === 0) continue
    const alias = wantedAlias(want, now.settings, now.domain)
    const { namespace, name } = alias
    const key = placeKey(alias)
    names.set(placeKey(want.gateway), name)
    keys.add(key)
    // `a-b` of the class `c`, and `a` of the class `b-c`.
    const next = had.has(key) ? lost(want.gateway) : nextOf(want, alias, now)
    if (next === undefined) continue
    if (typeof next === 'string') problems.push({ namespace, name, problem: next })
    else had.add(key)
    if (next === null) inOrder.push({ namespace, name })
    else if (typeof next !== 'string') writes.push(next)
  }
  return { writes: [...writes, ...unwanted(now, names)], problems, inOrder, keys }
}

const lost = ({ name }: Place): string =>
  `another Gateway of the namespace is called so too, and ${name} has no name`

/** Null where it is as it is wanted; a text where it cannot be; undefined where it is not known what there is. */
function nextOf(
  want: GatewayServiceWant,
  alias: WantedAlias,
  now: Situation,
): Write | string | null | undefined {
  const { namespace, name } = alias
  const known = now.known(serviceAt(alias))
  if (known === undefined) {
    // It may be declared in a file alone, or gone in the cluster meanwhile.
    const { uid = '' } = now.known(want.gateway) ?? {}
    if (uid === '') return undefined
    const body = newAlias(alias, { name: want.gateway.name, uid })
    return { kind: 'Alias', namespace, name, onto: '', method: 'create', body }
  }
  const { resourceVersion: onto } = known
  if (onto === '') return undefined
  const service = known.validation.resource as Service | null
  const isOurs = service !== null && isAliasIn(service, now.settings)
  if (!isOurs || gatewayKeyOf(service) !== placeKey(want.gateway)) return FOREIGN
  const body = aliasPatch(alias, service)
  return body && { kind: 'Alias', namespace, name, onto, method: 'patch', body }
}

/** Those of another class, or whose Gateway is gone or another controller's, also where Kubernetes does not collect them. */
function unwanted(
  { resources, settings, known }: Situation,
  names: ReadonlyMap<string, string>,
): readonly Write[] {
  const isGone = goneGateways(resources, ref => known(ref) !== undefined)
  return resources.all(Service).flatMap(service => {
    if (!isAliasIn(service, settings)) return []
    const { namespace, name } = service.metadata
    const gateway = gatewayKeyOf(service)
    const wanted = names.get(gateway)
    const { resourceVersion: onto = '' } = known(serviceAt(service.metadata)) ?? {}
    if (onto === '' || (wanted === undefined ? !isGone(gateway) : wanted === name)) return []
    const body = { preconditions: { resourceVersion: onto } }
    return [{ kind: 'Alias', namespace, name, onto, method: 'delete', body } as const]
  })
}

/** A copy of one in another namespace is whoever's it is that made it. */
function isAliasIn(service: Service, { deployment }: GatewayServiceSettings): boolean {
  return isAliasOf(service, deployment) && gatewayKeyOf(service).startsWith(`${service.metadata.namespace}/`)
}

function serviceAt({ namespace, name }: Place): ResourceRef {
  return { group: '', kind: 'Service', namespace, name }
}

export function placeKey({ namespace, name }: Place): string {
  return `${namespace}/${name}`
}
