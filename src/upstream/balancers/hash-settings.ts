import { cookieValue, headerValue, queryValue } from '../../http/request-values.ts'
import type { RequestHead } from '../../http/head.ts'
import type { Violation } from '../../model/kinds/shapes.ts'
import type { Balancing } from '../../snapshot/cluster.ts'
import type { BalancerSettings, PickInfo } from './balancer.ts'

/**
 * Maglev's, as with Envoy and Envoy Gateway. Not their 5000011 at most: a worker serves nobody while it fills the table,
 * 2.5 s of that many places, 0.2 s of these.
 */
export const TABLE_SIZE = 65_537
const MOST_TABLE = 655_373
/**
 * RingHash's least as with Envoy; the largest is not also the default, for here rings grow with endpoints, and an eighth
 * of Envoy's 8M: 0.03 s, and 8 MiB of each worker.
 */
export const LEAST_RING = 1024
export const MOST_RING = 131_072
const RING_LIMIT = 1_048_576

const sources = ['ClientAddress', 'ClientIdentity', 'Header', 'Cookie', 'QueryParam'] as const
const named: readonly string[] = ['Header', 'Cookie', 'QueryParam']

export interface HashSettings {
  readonly source: (typeof sources)[number]
  readonly name?: string
  /** Of Maglev. */
  readonly tableSize?: number
  /** Of RingHash. */
  readonly minimumRingSize?: number
  readonly maximumRingSize?: number
}

export interface HashBalancing extends Balancing {
  readonly consistentHash: HashSettings
}

/** What all balancers by a hash have in common. */
export const hashSettings: BalancerSettings = {
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
          'What of a request chooses its endpoint. ClientIdentity: who has authenticated. A request that has none of it, and a connection of a TLSRoute where it is not ClientAddress, comes to any of them.',
      },
      name: {
        type: 'string',
        minLength: 1,
        maxLength: 256,
        description: 'The name of the header, cookie or query parameter; for other sources there is none.',
      },
      tableSize: {
        type: 'integer',
        minimum: 2,
        maximum: MOST_TABLE,
        default: TABLE_SIZE,
        description:
          'For Maglev: places in its table, a prime number. A hundred times the number of endpoints or more keeps shares even, and others in place when one goes. Each change of endpoints fills it anew, for which a worker stops: 15 ms, and 0.2 s of the largest.',
      },
      minimumRingSize: {
        type: 'integer',
        minimum: 1,
        maximum: RING_LIMIT,
        default: LEAST_RING,
        description:
          'For RingHash: places on the ring with two endpoints of the same weight; others bring as many each. The more, the nearer shares are to weights.',
      },
      maximumRingSize: {
        type: 'integer',
        minimum: 1,
        maximum: RING_LIMIT,
        default: MOST_RING,
        description:
          'For RingHash: where there would be more places, each endpoint has half as many, as often as needed. One takes 8 bytes of each worker; each change of endpoints fills the ring anew, for which a worker stops: 3 ms, and 30 ms of the largest.',
      },
    },
  },
  rules: (settings, type) => violations(settings as HashSettings, type),
}

const sizes = { tableSize: 'Maglev', minimumRingSize: 'RingHash', maximumRingSize: 'RingHash' } as const

function violations(settings: HashSettings, type: string): Violation[] {
  const found = nameViolations(settings)
  for (const [field, owner] of Object.entries(sizes))
    if (type !== owner && settings[field as keyof typeof sizes] !== undefined)
      found.push({ path: [field], message: `must be absent for type ${type}, expected type ${owner}` })
  const { tableSize, minimumRingSize = LEAST_RING, maximumRingSize = MOST_RING } = settings
  if (tableSize !== undefined && !isPrime(tableSize))
    found.push({ path: ['tableSize'], message: `must be a prime number, as ${nextPrime(tableSize)} is` })
  if (minimumRingSize > maximumRingSize)
    found.push({
      path: [settings.minimumRingSize === undefined ? 'maximumRingSize' : 'minimumRingSize'],
      message: `the smallest ring, ${minimumRingSize}, must not be larger than the largest, ${maximumRingSize}`,
    })
  return found
}

function nameViolations({ source, name }: HashSettings): Violation[] {
  if (named.includes(source))
    return name === undefined ? [{ path: ['name'], message: `is required for source ${source}` }] : []
  return name === undefined ? [] : [{ path: ['name'], message: `must be absent for source ${source}` }]
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return n > 1
}

function nextPrime(n: number): number {
  while (!isPrime(n)) n++
  return n
}

/** What of a request is hashed; undefined where it has none of it. */
export type TextOf = (asker: PickInfo) => string | undefined

export function textOf({ source, name = '' }: HashSettings): TextOf {
  const of = (read: (request: RequestHead) => string | undefined): TextOf => {
    return ({ request }) => (request === null ? undefined : read(request))
  }
  switch (source) {
    case 'ClientAddress':
      return ({ clientAddress }) => clientAddress || undefined
    case 'ClientIdentity':
      return ({ principal }) => principal ?? undefined
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
