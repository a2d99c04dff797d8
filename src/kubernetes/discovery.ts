import { groupOf, type ResourceKind } from '../model/kind.ts'
import { qualifiedKind } from '../model/resources.ts'
import { fieldOf } from '../model/words.ts'
import type { ApiClient } from './client.ts'

/** `served`: by a version that we know. `elsewhere`: by others alone, and what it protects would be open. `absent`: neither. */
export type Presence = 'served' | 'elsewhere' | 'absent'

type DiscoveredKind = Pick<ResourceKind, 'group' | 'kind' | 'plural' | 'versions' | 'protects'>

/** Of Kubernetes itself: no cluster is without them. */
const BUILT_IN = new Set(['', 'discovery.k8s.io'])

/**
 * Which kinds a server has. A 404 of one kind says little: proxies that have no server say it of everything, and so does
 * a definition that is being changed. Believed is only what the server lists of itself.
 */
export class Discovery {
  private readonly client: ApiClient
  private readonly kinds: readonly DiscoveredKind[]
  private readonly signal: AbortSignal
  private readonly freshMs: number
  private found: Promise<ReadonlyMap<string, Presence>> | null = null
  private foundMs = 0

  /** An answer is for all kinds, which ask at nearly one moment: for so long. */
  constructor(client: ApiClient, kinds: readonly DiscoveredKind[], signal: AbortSignal, freshMs: number) {
    this.client = client
    this.kinds = kinds
    this.signal = signal
    this.freshMs = freshMs
  }

  /** By qualified kind; rejects where the server does not say it. */
  presences(): Promise<ReadonlyMap<string, Presence>> {
    if (this.found !== null && performance.now() - this.foundMs < this.freshMs) return this.found
    const found = this.look()
    this.found = found
    this.foundMs = performance.now()
    found.catch(() => {
      if (this.found === found) this.found = null
    })
    return found
  }

  private async look(): Promise<ReadonlyMap<string, Presence>> {
    const groups = named(await this.get('/apis', 'APIGroupList', 'groups'))
    const own = [...new Set(this.kinds.map(({ group }) => group))].filter(group => !BUILT_IN.has(group))
    const served = new Map<string, ReadonlySet<unknown>>()
    for (const group of own)
      for (const version of versionsOf(groups.get(group))) {
        const resources = await this.get(`/apis/${group}/${version}`, 'APIResourceList', 'resources')
        served.set(`${group}/${version}`, new Set(named(resources).keys()))
      }
    return new Map(this.kinds.map(kind => [qualifiedKind(kind), presenceOf(kind, served)]))
  }

  /** The list of a document of discovery; throws where the answer is none. */
  private async get(path: string, kind: string, field: string): Promise<readonly unknown[]> {
    const answer = await this.client.get(path, {}, this.signal)
    const list = fieldOf(answer, field)
    if (fieldOf(answer, 'kind') !== kind || !Array.isArray(list))
      throw new Error(`GET ${path}: the answer is no ${kind}`)
    return list as readonly unknown[]
  }
}

/** `served`: plurals by group and version. */
function presenceOf(
  { group, plural, versions, protects }: DiscoveredKind,
  served: ReadonlyMap<string, ReadonlySet<unknown>>,
): Presence {
  if (BUILT_IN.has(group) || versions.some(one => served.get(`${group}/${one}`)?.has(plural))) return 'served'
  const isElsewhere = [...served].some(([name, plurals]) => groupOf(name) === group && plurals.has(plural))
  return isElsewhere && protects ? 'elsewhere' : 'absent'
}

function named(list: readonly unknown[]): ReadonlyMap<unknown, unknown> {
  return new Map(list.map(one => [fieldOf(one, 'name'), one]))
}

/** Of an APIGroup. */
function versionsOf(group: unknown): readonly string[] {
  const versions = fieldOf(group, 'versions')
  if (!Array.isArray(versions)) return []
  return versions.map(one => fieldOf(one, 'version')).filter(one => typeof one === 'string')
}
