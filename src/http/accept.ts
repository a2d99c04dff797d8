/** Members beyond so many are not looked at: what a client wants it says in fewer. */
const MOST_RANGES = 64

/** What there is to choose from, by media types in lower case; what comes first is preferred where a client is not. */
export type Offers<T> = readonly (readonly [offer: T, ...types: string[]])[]

/**
 * Which of them a client takes best, by Accept (RFC 9110 §12.5.1); null where it takes none. What it names comes before
 * what it takes as well by a `*`. Without the field, or with an empty one, it takes anything.
 */
export function accepted<T>(accept: string | undefined, offers: Offers<T>): T | null {
  if (accept === undefined || accept.trim() === '') return offers[0]?.[0] ?? null
  const ranges = rangesOf(accept)
  let best: T | null = null
  let most = 0
  for (const [offer, ...types] of offers)
    for (const type of types) {
      const rank = rankOf(type, ranges)
      if (rank > most) [best, most] = [offer, rank]
    }
  return best
}

function rangesOf(accept: string): ReadonlyMap<string, number> {
  const ranges = new Map<string, number>()
  for (const member of accept.split(',', MOST_RANGES)) {
    const [range = '', ...parameters] = member.split(';').map(part => part.trim().toLowerCase())
    const weight = parameters.find(one => one.startsWith('q='))
    ranges.set(range, weight === undefined ? 1 : Number(weight.slice(2)) || 0)
  }
  return ranges
}

/** Less than the smallest difference of weights, which have three digits. */
const NAMED = 0.0002
const OF_ITS_KIND = 0.0001

/** By the most specific range that takes it; 0 where none does. */
function rankOf(type: string, ranges: ReadonlyMap<string, number>): number {
  const named = ranges.get(type)
  if (named !== undefined) return named === 0 ? 0 : named + NAMED
  const [main = ''] = type.split('/', 1)
  const ofItsKind = ranges.get(`${main}/*`)
  if (ofItsKind !== undefined) return ofItsKind === 0 ? 0 : ofItsKind + OF_ITS_KIND
  return ranges.get('*/*') ?? 0
}
