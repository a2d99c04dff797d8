import { wholeMatch } from '../../../snapshot/regex.ts'
import type { Port, RouteEntry } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import { tallyOf } from '../routes/entry-tally.ts'
import { fieldOf, hostsOf, describeRule } from './rule-fields.ts'

/** How many paths are tried on patterns in one translation: what is suspicious may cost a little, and no more. */
const MOST_TRIES = 50_000

/**
 * Regular expressions that take requests of a longer prefix: they come before all prefixes, whatever their length,
 * which those who count on "the longest path wins" do not expect. `hidden` entries have been told of already.
 */
export function doubtGreedy(ports: readonly Port[], hidden: ReadonlySet<RouteEntry>, report: Report): void {
  const told = new Set<unknown>()
  const budget = { tries: MOST_TRIES }
  for (const { entries } of hostsOf(ports)) {
    if (tallyOf(entries).regexes === 0) continue
    const first = entries.findIndex(({ match }) => match.path.type === 'regex')
    const prefixes = entries
      .slice(first)
      .filter(entry => entry.match.path.type === 'prefix' && !hidden.has(entry))
    const beaten = beatenOf(prefixes, budget)
    for (const entry of entries) {
      const { match, rule } = entry
      const field = fieldOf(rule)
      if (match.path.type !== 'regex' || told.has(match) || field === undefined) continue
      told.add(match)
      const loser = beaten(entry)
      if (loser === null) continue
      report.doubt(field.route, {
        severity: 'warning',
        reason: 'RegexBeatsPrefix',
        path: field.path,
        message: `the regular expression ${JSON.stringify(match.path.value)} takes requests of the longer prefix ${loser.match.path.value} of ${describeRule(loser.rule)}: regular expressions come before prefixes, whatever their length; expected a narrower one, or a prefix`,
      })
    }
  }
}

/** Tells the first of these prefixes some of whose requests a pattern takes. */
function beatenOf(
  prefixes: readonly RouteEntry[],
  budget: { tries: number },
): (entry: RouteEntry) => RouteEntry | null {
  const sorted = prefixes.toSorted((a, b) => (a.match.path.value < b.match.path.value ? -1 : 1))
  return ({ match }) => {
    const start = literalStart(match.path.value)
    let pattern: RegExp | null = null
    for (let i = lowerBound(sorted, start); i < sorted.length && budget.tries > 0; i++) {
      const candidate = sorted[i]!
      const { value } = candidate.match.path
      if (!value.startsWith(start)) return null
      const { method } = candidate.match
      if (value.length <= start.length || (method !== '' && match.method !== '' && method !== match.method))
        continue
      budget.tries--
      pattern ??= wholeMatch(match.path.value)
      if (pattern.test(value) || pattern.test(`${value}/`) || pattern.test(`${value}/a`)) return candidate
    }
    return null
  }
}

/** What every path that the pattern takes begins with, as far as it is written out. */
function literalStart(pattern: string): string {
  if (pattern.includes('|')) return ''
  const [start = ''] = /^[A-Za-z0-9/_~%-]*/.exec(pattern.replace(/^\^/, '')) ?? []
  // A quantifier is about the last character.
  return /^\^?[A-Za-z0-9/_~%-]*[*+?{]/.test(pattern) ? start.slice(0, -1) : start
}

function lowerBound(sorted: readonly RouteEntry[], start: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]!.match.path.value < start) low = middle + 1
    else high = middle
  }
  return low
}
