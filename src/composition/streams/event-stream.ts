import { StreamItem } from './item.ts'

/**
 * Reads an event stream as the HTML Living Standard has it (§9.2.6 "Interpreting an event stream"): lines end with CR, LF
 * or both, a blank one ends an event, one that is not ended is none. Throws a RangeError where an event is longer than
 * `limitBytes`, before it is held.
 */
export class EventStreamParser {
  /** Of the last event that has ended, also one without data: what to say when coming back. */
  lastEventId: string
  /** How long to wait before coming back, where it has been said. */
  retryMs: number | null = null
  private readonly limitBytes: number
  private readonly decoder = new TextDecoder('utf-8')
  private line = ''
  private afterCr = false
  private data = ''
  private hasData = false
  private event = ''
  private id: string

  /** `lastEventId` is that of the stream that this one goes on with. */
  constructor(limitBytes: number, lastEventId = '') {
    this.limitBytes = limitBytes
    this.lastEventId = this.id = lastEventId
  }

  /** The events that have ended in these bytes. */
  push(bytes: Uint8Array): readonly StreamItem<string>[] {
    const text = this.decoder.decode(bytes, { stream: true })
    const events: StreamItem<string>[] = []
    let from = 0
    if (this.afterCr && text !== '') {
      if (text[0] === '\n') from = 1
      this.afterCr = false
    }
    LINE_END.lastIndex = from
    for (let end = LINE_END.exec(text); end !== null; end = LINE_END.exec(text)) {
      const line = this.line + text.slice(from, end.index)
      this.line = ''
      from = LINE_END.lastIndex
      this.afterCr = end[0] === '\r' && from === text.length
      this.read(line, events)
    }
    this.line += text.slice(from)
    this.bound(this.line)
    return events
  }

  private read(line: string, events: StreamItem<string>[]): void {
    if (line === '') return this.dispatch(events)
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') {
      this.bound(value)
      this.data += this.hasData ? `\n${value}` : value
      this.hasData = true
    } else if (name === 'event') this.event = value
    else if (name === 'id' && !value.includes('\0')) this.id = value
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value)
  }

  private dispatch(events: StreamItem<string>[]): void {
    this.lastEventId = this.id
    if (this.hasData)
      events.push(
        new StreamItem(this.data, this.id === '' ? null : this.id, this.event === '' ? null : this.event),
      )
    this.data = ''
    this.hasData = false
    this.event = ''
  }

  private bound(more: string): void {
    if (this.data.length + more.length > this.limitBytes)
      throw new RangeError(`an event of more than ${this.limitBytes} bytes`)
  }
}

const LINE_END = /\r\n|[\r\n]/g

/** Reads lines of JSON (NDJSON, JSON Lines): blank ones are none. Throws as the other one does. */
export class LineParser {
  private readonly limitBytes: number
  private readonly decoder = new TextDecoder('utf-8')
  private rest = ''

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  push(bytes: Uint8Array): readonly StreamItem<string>[] {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split('\n')
    this.rest = lines.pop()!
    for (const line of [...lines, this.rest])
      if (line.length > this.limitBytes) throw new RangeError(`a line of more than ${this.limitBytes} bytes`)
    return lines.filter(line => line.trim() !== '').map(line => new StreamItem(line, null, null))
  }

  /** The last line may have no end. */
  end(): readonly StreamItem<string>[] {
    return this.push(Buffer.from('\n'))
  }
}
