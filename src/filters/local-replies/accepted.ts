export type Form = 'json' | 'html' | 'text'

const types: Readonly<Record<Form, string>> = {
  json: 'application/json',
  html: 'text/html',
  text: 'text/plain',
}

/** What is taken as well as another goes in this order: programs take any, browsers say that they want HTML. */
const order: readonly Form[] = ['json', 'html', 'text']

/** Which of the forms that there are a client takes best, by Accept (RFC 9110 §12.5.1); null where it takes none. */
export function chooser(
  bodies: Readonly<Partial<Record<Form, string>>>,
): (accept: string | undefined) => Form | null {
  const there = order.filter(form => bodies[form] !== undefined)
  return accept => {
    if (accept === undefined) return there[0] ?? null
    const ranges = rangesOf(accept)
    let best: Form | null = null
    let most = 0
    for (const form of there) {
      const weight = weightOf(types[form], ranges)
      if (weight > most) {
        best = form
        most = weight
      }
    }
    return best
  }
}

/** Members beyond so many are not looked at: what a client wants it says in fewer. */
const MOST_RANGES = 64

function rangesOf(accept: string): ReadonlyMap<string, number> {
  const ranges = new Map<string, number>()
  for (const member of accept.split(',', MOST_RANGES)) {
    const [range = '', ...parameters] = member.split(';').map(part => part.trim().toLowerCase())
    const weight = parameters.find(one => one.startsWith('q='))
    ranges.set(range, weight === undefined ? 1 : Number(weight.slice(2)) || 0)
  }
  return ranges
}

/** That of the most specific range counts. */
function weightOf(type: string, ranges: ReadonlyMap<string, number>): number {
  const [main = ''] = type.split('/', 1)
  return ranges.get(type) ?? ranges.get(`${main}/*`) ?? ranges.get('*/*') ?? 0
}
