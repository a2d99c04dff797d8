/** Numbers by second since the run began. */
export class BySecond {
  readonly counts: number[]

  constructor(seconds: number) {
    this.counts = Array.from({ length: seconds }, () => 0)
  }

  add(elapsedMs: number, count = 1): void {
    const at = Math.floor(elapsedMs / 1000)
    if (at < this.counts.length) this.counts[at]! += count
  }

  /** Of the seconds from one to another. */
  sum(from = 0, until = this.counts.length): number {
    return this.counts.slice(from, until).reduce((sum, count) => sum + count, 0)
  }

  /** For a figure: each count in the middle of its second. */
  get points(): (readonly [seconds: number, count: number])[] {
    return this.counts.map((count, i) => [i + 0.5, count])
  }
}

/** The value that this share of them is at most (nearest rank); 0 where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

/** Of the latencies of these seconds, which are by second. */
export function latencyOf(
  { latenciesMs }: { readonly latenciesMs: readonly (readonly number[])[] },
  share: number,
  from: number,
  until: number,
): number {
  return quantile(latenciesMs.slice(from, until).flat(), share)
}
