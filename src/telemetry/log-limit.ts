/** What a line may do: be written, or be counted because it came before. */
export type Admission = 'write' | 'count'

/** What was not written in a window that is over. */
export interface Withheld<Line> {
  /** The first line of this kind. */
  readonly line: Line
  readonly count: number
  /** Whether they were all like the first, or only of the same event. */
  readonly identical: boolean
}

interface Window<Line> {
  readonly line: Line
  written: number
  withheld: number
}

const MAX_TRACKED = 1_024

/**
 * Keeps a storm from filling the disk: of equal lines the first of a window is
 * written, of different lines of one event so many; the rest is counted, and
 * told when the window ends. Bounded in memory: a window remembers at most
 * MAX_TRACKED lines and as many events (events are constants of our code).
 */
export class LogLimit<Line> {
  private readonly perEvent: number
  private identical = new Map<string, Window<Line>>()
  private events = new Map<string, Window<Line>>()

  /** `perEvent`: lines of one event that are written per window. */
  constructor(perEvent: number) {
    this.perEvent = perEvent
  }

  admit(event: string, text: string, line: Line): Admission {
    const same = this.identical.get(text)
    if (same !== undefined) return count(same)
    const all = this.events.get(event)
    if (all === undefined) {
      if (this.events.size < MAX_TRACKED) this.events.set(event, { line, written: 1, withheld: 0 })
    } else if (all.written >= this.perEvent) return count(all)
    else all.written++
    if (this.identical.size < MAX_TRACKED) this.identical.set(text, { line, written: 1, withheld: 0 })
    return 'write'
  }

  /** Ends the window: tells what it withheld and forgets everything. */
  turn(): Withheld<Line>[] {
    const told: Withheld<Line>[] = []
    for (const { line, withheld } of this.identical.values())
      if (withheld > 0) told.push({ line, count: withheld, identical: true })
    for (const { line, withheld } of this.events.values())
      if (withheld > 0) told.push({ line, count: withheld, identical: false })
    this.identical = new Map()
    this.events = new Map()
    return told
  }
}

function count(window: { withheld: number }): Admission {
  window.withheld++
  return 'count'
}
