import { plainUrl } from './changes.ts'

/** One answer that is kept, as plain data: it goes from worker to worker, and its body is in memory that all of them share. */
export interface Stored {
  /** Of its process; 0 until the keeper has given it one. */
  readonly id: number
  /** What was asked: `https://shop.example:8443/items?page=2`. */
  readonly url: string
  /** Who else is given it: rule, what the backend was told beside the URL, and whose answer it is. */
  readonly place: string
  /** Names in Vary, in lower case and in order. */
  readonly vary: readonly string[]
  /** What the request said in these. */
  readonly values: string
  readonly status: number
  /** Name, value, name, value …; without Age. */
  readonly fields: readonly string[]
  /** Null where there is no body. */
  readonly body: SharedArrayBuffer | null
  readonly times: StoredTimes
  readonly policy: StoredPolicy
  /** By which it can be purged. */
  readonly tags: readonly string[]
  /** Of what was changed at its URL (see Changes): where, and how often that had been when it was asked for. */
  readonly changePlace: number
  readonly changes: number
  /** The client whose request brought it here, by its share: who loses first when all is full. */
  readonly client: string
}

/** Milliseconds; moments since 1970. */
export interface StoredTimes {
  /** How old it was when it came (RFC 9111 §4.2.3, corrected_initial_age). */
  readonly initialAgeMs: number
  readonly receivedMs: number
  /** From its making on (§4.2.1). */
  readonly freshMs: number
}

/** What it says of its use when it is not fresh. */
export interface StoredPolicy {
  /** It is not used without asking (no-cache). */
  readonly asks: boolean
  /** It is not used stale, whatever happens (must-revalidate, proxy-revalidate, s-maxage). */
  readonly strict: boolean
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
}

/** What an object of this kind and its place in the maps take in each worker, beside texts and body. */
const OVERHEAD_BYTES = 1_024

/** What it takes of the memory of the cache. */
export function storedBytes({ url, place, values, fields, body }: Stored): number {
  let characters = url.length + place.length + values.length
  for (const text of fields) characters += text.length
  return OVERHEAD_BYTES + characters * 2 + (body === null ? 0 : body.byteLength)
}

/** What is no longer to be given. */
export type Purge =
  /** Without a query, whatever query it was asked with: `https://shop.example/items`. */
  | { readonly url: string }
  /** Every URL that begins so: `https://shop.example/items/`. */
  | { readonly prefix: string }
  | { readonly tag: string }
  | 'all'

/** Which answers a purge means. */
export function meaning(purge: Purge): (stored: Stored) => boolean {
  if (purge === 'all') return () => true
  if ('tag' in purge) return ({ tags }) => tags.includes(purge.tag)
  if ('prefix' in purge) {
    const prefix = plainUrl(purge.prefix)
    return ({ url }) => plainUrl(url).startsWith(prefix)
  }
  const whole = plainUrl(purge.url)
  return ({ url }) => {
    const one = plainUrl(url)
    return one === whole || (!whole.includes('?') && one.startsWith(`${whole}?`))
  }
}
