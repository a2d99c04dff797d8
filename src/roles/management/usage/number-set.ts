/** Whole numbers from 1, of which most follow one another: what was numbered, and has arrived in whatever order. */
export class NumberSet {
  /** First and last of each, rising, with a gap between any two. */
  private readonly ranges: [first: number, last: number][]

  constructor(ranges: readonly (readonly [number, number])[] = []) {
    this.ranges = ranges.map(([first, last]) => [first, last])
  }

  static parse(text: string): NumberSet {
    return new NumberSet(JSON.parse(text) as [number, number][])
  }

  has(number: number): boolean {
    return this.ranges.some(([first, last]) => first <= number && number <= last)
  }

  /** False where it is there already. */
  add(number: number): boolean {
    const { ranges } = this
    // From the end, where nearly all are.
    let i = ranges.length
    while (i > 0 && ranges[i - 1]![0] > number) i--
    const before = ranges[i - 1]
    const after = ranges[i]
    if (before !== undefined && number <= before[1]) return false
    const joinsBefore = before !== undefined && before[1] === number - 1
    const joinsAfter = after !== undefined && after[0] === number + 1
    if (joinsBefore && joinsAfter) ranges.splice(i - 1, 2, [before[0], after[1]])
    else if (joinsBefore) before[1] = number
    else if (joinsAfter) after[0] = number
    else ranges.splice(i, 0, [number, number])
    return true
  }

  toString(): string {
    return JSON.stringify(this.ranges)
  }
}
