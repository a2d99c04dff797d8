import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { showsColour } from './colour.ts'
import { cleanFields, humanLine, jsonLine } from './log-line.ts'
import type { LogFields, LogLevel } from './log-line.ts'
import { LogLimit } from './log-limit.ts'

export type { LogFields, LogLevel } from './log-line.ts'

export interface LogOptions {
  readonly level?: LogLevel
  /** Takes whole lines with their LF; default is standard error. Must not throw. */
  readonly write?: (line: string) => void
  /** Lines for people instead of JSON; the default is whether standard error is a terminal. */
  readonly human?: boolean
  readonly colour?: boolean
  /** Fields of every line: the worker's number. */
  readonly fields?: LogFields
  /** In a window of this length, equal lines are written once, and of one event `perEvent` lines. */
  readonly windowMs?: number
  readonly perEvent?: number
  readonly nowMs?: () => number
}

interface Line {
  readonly level: LogLevel
  readonly event: string
  readonly fields: Record<string, unknown>
}

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 }

export function isLogLevel(text: string): text is LogLevel {
  return Object.hasOwn(RANK, text)
}

/**
 * The program's log: events with fields, one line each. Works in every thread
 * the same way, because it writes to the descriptor and not through the main
 * thread. Values of fields with secret names are never written (redact.ts).
 *
 * Repetitions within ten seconds are counted instead of written; the count
 * comes as `repeated` with the line itself, or as `suppressed` with the event
 * when there were too many different ones.
 */
export class Logger {
  private rank: number
  private readonly output: (line: string) => void
  private readonly human: boolean
  private readonly colour: boolean
  private readonly windowMs: number
  private readonly nowMs: () => number
  private readonly limit: LogLimit<Line>
  private fixed: Record<string, unknown>
  private windowEndMs = 0
  private timer: NodeJS.Timeout | null = null

  constructor(options: LogOptions = {}) {
    this.rank = RANK[options.level ?? 'info']
    this.output = options.write ?? stderrWriter()
    this.human = options.human ?? (options.write === undefined && isatty(2))
    this.colour = options.colour ?? (this.human && showsColour(2))
    this.windowMs = options.windowMs ?? 10_000
    this.nowMs = options.nowMs ?? Date.now
    this.limit = new LogLimit(options.perEvent ?? 200)
    this.fixed = cleanFields(options.fields ?? {})
  }

  error(event: string, fields: LogFields = {}): void {
    this.line('error', event, fields)
  }

  warn(event: string, fields: LogFields = {}): void {
    this.line('warn', event, fields)
  }

  info(event: string, fields: LogFields = {}): void {
    this.line('info', event, fields)
  }

  debug(event: string, fields: LogFields = {}): void {
    if (this.rank >= RANK.debug) this.line('debug', event, fields)
  }

  /** Whether lines of this level are written: what costs much to say need not be said. */
  tells(level: LogLevel): boolean {
    return RANK[level] <= this.rank
  }

  setLevel(level: LogLevel): void {
    this.rank = RANK[level]
  }

  /** Replaces the fields of every line. */
  setFields(fields: LogFields): void {
    this.fixed = cleanFields(fields)
  }

  /** Writes the counts of what was withheld; to be called before the program ends. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    for (const { line, count, identical } of this.limit.turn())
      this.print(
        line.level,
        line.event,
        identical ? { ...line.fields, repeated: count } : { suppressed: count },
      )
  }

  private line(level: LogLevel, event: string, fields: LogFields): void {
    if (RANK[level] > this.rank) return
    const line: Line = { level, event, fields: cleanFields(fields) }
    if (this.nowMs() >= this.windowEndMs) {
      this.flush()
      this.windowEndMs = this.nowMs() + this.windowMs
    }
    const text = `${level} ${event} ${JSON.stringify(line.fields)}`
    if (this.limit.admit(event, text, line) === 'write') this.print(level, event, line.fields)
    else this.timer ??= setTimeout(() => this.flush(), this.windowMs).unref()
  }

  private print(level: LogLevel, event: string, fields: Record<string, unknown>): void {
    const time = new Date(this.nowMs()).toISOString()
    const all = { ...this.fixed, ...fields }
    this.output(
      this.human ? humanLine(time, level, event, all, this.colour) : jsonLine(time, level, event, all),
    )
  }
}

/**
 * Writes at once, so that the last words of a dying thread are not lost. Where
 * standard error is a full non-blocking pipe the line is counted instead, and
 * the next one that finds room tells how many went missing.
 */
function stderrWriter(): (line: string) => void {
  let lost = 0
  let rest: Buffer = Buffer.alloc(0)
  return line => {
    const note = lost === 0 ? '' : jsonLine(new Date().toISOString(), 'warn', 'log.lost', { lines: lost })
    const bytes = Buffer.concat([rest, Buffer.from(note + line)])
    const written = writeSome(bytes)
    if (written >= rest.length) {
      lost = written === rest.length && bytes.length > written ? lost + 1 : 0
      // What was begun is finished before anything else, so that lines stay whole.
      rest = written === rest.length ? Buffer.alloc(0) : bytes.subarray(written)
    } else {
      lost++
      rest = rest.subarray(written)
    }
  }
}

/** Bytes that standard error took; a closed one takes everything. */
function writeSome(bytes: Buffer): number {
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(2, bytes, written)
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'EAGAIN' ? written : bytes.length
    }
  }
  return written
}

/** The log of this thread. */
export const log: Logger = new Logger()
