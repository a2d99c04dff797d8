/** A line that both have, or only one of them. */
export interface DiffLine {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
}

/** So many different lines are looked for; two texts that differ in more are shown one after the other. */
const MOST_EDITS = 1_000

/** The lines of two texts, by the fewest that must go or come (Myers, An O(ND) Difference Algorithm, 1986). */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const trace = editsBetween(before, after)
  if (trace === null)
    return [
      ...before.map(text => ({ mark: '-', text }) as const),
      ...after.map(text => ({ mark: '+', text }) as const),
    ]
  return walkBack(before, after, trace)
}

/** For each number of edits how far each diagonal had come before; null where there are too many. */
function editsBetween(a: readonly string[], b: readonly string[]): readonly Map<number, number>[] | null {
  const far = new Map<number, number>([[1, 0]])
  const trace: Map<number, number>[] = []
  const most = Math.min(a.length + b.length, MOST_EDITS)
  for (let edits = 0; edits <= most; edits++) {
    trace.push(new Map(far))
    for (let k = -edits; k <= edits; k += 2) {
      let x = comesDown(far, k, edits) ? reach(far, k + 1) : reach(far, k - 1) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      far.set(k, x)
      if (x >= a.length && x - k >= b.length) return trace
    }
  }
  return null
}

function comesDown(far: ReadonlyMap<number, number>, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && reach(far, k - 1) < reach(far, k + 1))
}

function reach(far: ReadonlyMap<number, number>, k: number): number {
  return far.get(k) ?? -1
}

function walkBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly Map<number, number>[],
): readonly DiffLine[] {
  const lines: DiffLine[] = []
  let x = a.length
  let y = b.length
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const far = trace[edits]!
    const k = x - y
    const from = comesDown(far, k, edits) ? k + 1 : k - 1
    const startX = reach(far, from)
    const startY = startX - from
    while (x > startX && y > startY && x > 0 && y > 0) lines.push({ mark: ' ', text: a[(x--, y--, x)]! })
    if (edits === 0) break
    if (x === startX) lines.push({ mark: '+', text: b[--y]! })
    else lines.push({ mark: '-', text: a[--x]! })
  }
  return lines.toReversed()
}

/** What differs, with so many lines around it; `…` stands for those in between. */
export function changedLines(lines: readonly DiffLine[], around = 3): readonly (DiffLine | null)[] {
  const near = lines.map((_, i) =>
    lines.slice(Math.max(0, i - around), i + around + 1).some(({ mark }) => mark !== ' '),
  )
  return lines.flatMap((line, i) => {
    if (near[i] === true) return [line]
    return i === 0 || near[i - 1] === true ? [null] : []
  })
}
