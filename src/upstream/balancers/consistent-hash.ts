import { cookieValue, headerValue, queryValue } from '../../http/request-values.ts'
import type { RequestHead } from '../../http/head.ts'
import type { Balancing } from '../../snapshot/snapshot.ts'
import type { PickInfo, Balancer, BalancerType, Candidate, RandomSource } from './balancer.ts'
import { Sampler } from './sampler.ts'

const sources = ['ClientAddress', 'Header', 'Cookie', 'QueryParam'] as const

interface Settings {
  readonly source: (typeof sources)[number]
  readonly name?: string
}

interface HashBalancing extends Balancing {
  readonly consistentHash: Settings
}

export const consistentHash: BalancerType<HashBalancing> = {
  type: 'ConsistentHash',
  does: 'by a hash of something that a client sends each time',
  sticky: true,
  settings: {
    name: 'consistentHash',
    description: 'What keeps a client on one endpoint.',
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['source'],
      properties: {
        source: {
          enum: sources,
          description:
            'What of a request chooses its endpoint. A request that has none of it, and a connection of a TLSRoute where it is not ClientAddress, comes to any of them.',
        },
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 256,
          description: 'The name of the header, cookie or query parameter; for ClientAddress there is none.',
        },
      },
    },
    rules: settings => nameViolations(settings as Settings),
  },
  make: ({ consistentHash: settings }, { random }) => new ConsistentHash(textOf(settings), random),
}

function nameViolations({ source, name }: Settings): { path: string[]; message: string }[] {
  if (source === 'ClientAddress')
    return name === undefined ? [] : [{ path: ['name'], message: 'must be absent for source ClientAddress' }]
  return name === undefined ? [{ path: ['name'], message: `is required for source ${source}` }] : []
}

/** What of a request is hashed; undefined where it has none of it. */
type TextOf = (asker: PickInfo) => string | undefined

function textOf({ source, name = '' }: Settings): TextOf {
  const of = (read: (request: RequestHead) => string | undefined): TextOf => {
    return ({ request }) => (request === null ? undefined : read(request))
  }
  switch (source) {
    case 'ClientAddress':
      return ({ clientAddress }) => clientAddress || undefined
    case 'Header': {
      const lower = name.toLowerCase()
      return of(request => headerValue(request, lower))
    }
    case 'Cookie':
      return of(({ fields }) => cookieValue(fields.combined('cookie') ?? '', name))
    case 'QueryParam':
      return of(({ query }) => queryValue(query, name))
  }
}

/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): a request and each endpoint
 * make a number, and the highest has it, in shares by weight (the logarithmic
 * method: Schindelhauer and Schomaker, 2005). All workers and nodes choose the
 * same. With an endpoint that goes only its own requests go elsewhere, each to
 * the one that was second for it, and with one that comes (back) only those that
 * are its own come to it.
 *
 * A choice looks at each endpoint: of 10 it takes 0.2 µs, of 256 four. Maglev's table
 * would be O(1), with 128 KB a cluster and worker, a table to fill with each
 * change, and shares and moves that are only nearly right.
 */
class ConsistentHash<E extends Candidate> implements Balancer<E> {
  readonly sticky = true
  private readonly text: TextOf
  private readonly sampler: Sampler
  private endpoints: readonly E[] = []
  private seeds = new Int32Array(0)

  constructor(text: TextOf, random: RandomSource) {
    this.text = text
    this.sampler = new Sampler(random)
  }

  update(endpoints: readonly E[]): void {
    this.endpoints = endpoints
    this.seeds = Int32Array.from(endpoints, ({ key }) => hash(key))
    this.sampler.update(endpoints)
  }

  pick(exclude: E | null, asker: PickInfo | null): E | null {
    const { endpoints } = this
    if (endpoints.length <= 1) return endpoints[0] ?? null
    const text = asker === null ? undefined : this.text(asker)
    return text === undefined ? this.any(exclude) : this.highest(hash(text), exclude)
  }

  private any(exclude: E | null): E {
    const { endpoints, sampler } = this
    const index = sampler.draw()
    return endpoints[endpoints[index] === exclude ? sampler.drawOther(index) : index]!
  }

  private highest(text: number, exclude: E | null): E {
    const { endpoints, seeds } = this
    let best = endpoints[0]!
    let most = -Infinity
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!
      if (endpoint === exclude) continue
      // Of a number that is uniform in (0, 1), -weight / ln is highest in the share of its weight.
      const score = -endpoint.weight / Math.log((mixed(text ^ seeds[i]!) + 0.5) / 2 ** 32)
      if (score <= most) continue
      most = score
      best = endpoint
    }
    return best
  }
}

/** FNV-1a of the UTF-16 code units. It is no secret: who chooses cookies may choose an endpoint. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mixed(h) | 0
}

/** The finalizer of MurmurHash3: every bit of the input moves half of the output's. From 0 to 2^32 - 1. */
function mixed(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
