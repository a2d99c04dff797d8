/** The middle value; of an even number of values the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/**
 * How many times `values` is `base`: the median of the quotients of each round.
 * A neighbour that slows the machine for a while slows both sides of one round
 * and falls out of its quotient, where a quotient of medians would keep it.
 */
export function ratio(values: readonly number[], base: readonly number[]): number {
  const rounds = Math.min(values.length, base.length)
  return median(Array.from({ length: rounds }, (_, i) => (values[i] ?? Number.NaN) / (base[i] ?? Number.NaN)))
}

/** Columns wide enough for their longest cell; the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map(row => row.map(pad).join('  ').trimEnd()).join('\n')
}
