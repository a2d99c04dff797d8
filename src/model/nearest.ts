/**
 * The name that was probably meant, or undefined where none is near: at most a third of the letters, and
 * three in all, are wrong, missing, too many or swapped; or the only name that contains it. Case alone is
 * no difference.
 */
export function nearest(written: string, known: readonly string[]): string | undefined {
  // The table below grows with the square; nothing that we know is that long.
  if (written.length > 100) return undefined
  const limit = Math.min(3, Math.max(1, Math.floor(written.length / 3)))
  let best: string | undefined
  let least = limit + 1
  for (const name of known) {
    const d = distance(written.toLowerCase(), name.toLowerCase())
    if (d < least) [best, least] = [name, d]
  }
  return best ?? containing(written.toLowerCase(), known)
}

/** The one name that the written one is a part of, such as PathPrefix of Prefix. */
function containing(written: string, known: readonly string[]): string | undefined {
  const names = written.length < 4 ? [] : known.filter(name => name.toLowerCase().includes(written))
  return names.length === 1 ? names[0] : undefined
}

/** Shorter names are one letter from most others. */
const SHORTEST_SLIP = 4

/**
 * Whether one name is the other with one letter wrong, missing, too many, or two swapped: `petstor`, `pestore`. Not where
 * only digits tell them apart, or what is long gone (`shop-v1`) would be taken for what came after it (`shop-v2`); nor
 * where a part of one letter does, as in the names of a scheme: `team-x` is gone, and `team-y` is another.
 */
export function isSlip(written: string, name: string): boolean {
  if (written === name || Math.min(written.length, name.length) < SHORTEST_SLIP) return false
  if (Math.abs(written.length - name.length) > 1 || wordsOf(written) === wordsOf(name)) return false
  return distance(written, name) === 1 && !isOfScheme(written, name)
}

/** Whether two names differ in one part, which is one letter in both. */
function isOfScheme(a: string, b: string): boolean {
  const parts = b.split(/[-.]/)
  const [own, ...more] = a.split(/[-.]/).flatMap((part, i) => (part === parts[i] ? [] : [[part, parts[i]]]))
  return more.length === 0 && own !== undefined && own.every(part => part?.length === 1)
}

function wordsOf(name: string): string {
  return name.replaceAll(/[0-9]/g, '')
}

/** Damerau–Levenshtein distance, of the kind that swaps neighbours once (optimal string alignment). */
export function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let d = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d = Math.min(d, (before[j - 2] ?? 0) + 1)
      next.push(d)
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** ` (did you mean "rules"?)`, or "". */
export function proposal(written: string, known: readonly string[]): string {
  const name = nearest(written, known)
  return name === undefined ? '' : ` (did you mean ${JSON.stringify(name)}?)`
}
