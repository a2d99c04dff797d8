import { sessionNote, type Session } from '../filters/session/session.ts'
import type { Notes } from '../filters/notes.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { BackendShare } from './backend.ts'

type Upstream = Cluster<UpstreamPool>
type Place = Endpoint<UpstreamPool>

/** Where the request of a session goes. */
export interface SessionPlace<B> {
  readonly backend: B
  readonly endpoint: Place
}

interface Index {
  readonly generation: number
  readonly byTag: ReadonlyMap<string, Place>
}

/**
 * The endpoints of a rule by what its clients are told of them. Also those of backends without weight: a session goes
 * on where it is (GEP-1619, traffic splitting).
 *
 * A tag takes some microseconds to make: they are made when a session is looked for, once for each endpoint.
 */
export class SessionPlaces<B extends BackendShare = BackendShare> {
  private readonly backends: readonly B[]
  private readonly indexes = new WeakMap<Upstream, Index>()
  private readonly tags = new WeakMap<Place, string>()

  constructor(backends: readonly B[]) {
    this.backends = backends
  }

  /** Null where there is no session, or what it was on does not serve any more. */
  find(notes: Notes | null): SessionPlace<B> | null {
    const session = notes?.get(sessionNote)
    if (session === undefined || session.tag === '') return null
    for (const backend of this.backends) {
      if (backend.cluster === null) continue
      const endpoint = this.index(backend.cluster, session).get(session.tag)
      if (endpoint?.serves === true) return { backend, endpoint }
    }
    return null
  }

  answered(notes: Notes | null, cluster: Upstream, endpoint: Place): void {
    const session = notes?.get(sessionNote)
    if (session !== undefined) session.answered = this.tagOf(session, cluster, endpoint)
  }

  private index(cluster: Upstream, session: Session): Index['byTag'] {
    const { generation } = cluster
    const known = this.indexes.get(cluster)
    if (known?.generation === generation) return known.byTag
    const byTag = new Map<string, Place>()
    for (const endpoint of cluster.endpoints) byTag.set(this.tagOf(session, cluster, endpoint), endpoint)
    this.indexes.set(cluster, { generation, byTag })
    return byTag
  }

  private tagOf({ tokens }: Session, cluster: Upstream, endpoint: Place): string {
    const known = this.tags.get(endpoint)
    if (known !== undefined) return known
    const tag = tokens.tagOf(cluster.name, endpoint.key)
    this.tags.set(endpoint, tag)
    return tag
  }
}
