import { accepted, type Offers } from '../../../http/accept.ts'
import { MessageInput } from '../json/message-input.ts'
import type { AnswerJson } from './answer-json.ts'

/** How the messages of a stream stand in a body. */
export interface StreamFormat {
  readonly type: string
  /** Before the first, between two, and behind the last. */
  readonly open: string
  readonly between: string
  readonly close: string
  /** Nothing comes behind an error, not even `close`. */
  readonly errorIsLast: boolean
  /** A message, or an error, as JSON. */
  item(json: string): string
  error(json: string): string
}

/** A JSON array, whose last item has the member `error` where the stream broke off, as in Google's APIs. */
const array: StreamFormat = {
  type: 'application/json',
  open: '[',
  between: ',\n',
  close: ']',
  errorIsLast: false,
  item: json => json,
  error: json => `{"error":${json}}`,
}

const lines: StreamFormat = {
  type: 'application/x-ndjson',
  open: '',
  between: '',
  close: '',
  errorIsLast: true,
  item: json => `${json}\n`,
  error: json => `{"error":${json}}\n`,
}

/** JSON has no line breaks of its own, so that one line of `data` is enough. The last event says that it is the last: browsers come again when a body merely ends. */
const events: StreamFormat = {
  type: 'text/event-stream',
  open: '',
  between: '',
  close: 'event: end\ndata: {}\n\n',
  errorIsLast: true,
  item: json => `data: ${json}\n\n`,
  error: json => `event: error\ndata: ${json}\n\n`,
}

/** By preference where a client has none. */
const formats: Offers<StreamFormat> = [
  [array, 'application/json'],
  [lines, 'application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  [events, 'text/event-stream'],
]

/** What of these a client takes best; an array where it takes none, as any other answer of REST is JSON. */
export const streamFormat = (accept: string | undefined): StreamFormat => accepted(accept, formats) ?? array

/** A stream as it is written: what is still to be taken of it. */
export class StreamText {
  private readonly format: StreamFormat
  private readonly answers: AnswerJson
  private text: string
  private isFirst = true

  constructor(format: StreamFormat, answers: AnswerJson) {
    this.format = format
    this.answers = answers
    this.text = format.open
  }

  /** Throws where one cannot be JSON: those before it are written. */
  add(messages: readonly Uint8Array[]): void {
    for (const message of messages) this.write(this.format.item(this.answers.text(new MessageInput(message))))
  }

  /** The same for those that are in `all`, one after another from where to where. */
  within(all: Uint8Array): (start: number, end: number) => void {
    const input = new MessageInput(all)
    return (start, end) => this.write(this.format.item(this.answers.text(input, start, end)))
  }

  take(): string {
    const { text } = this
    this.text = ''
    return text
  }

  /** What is left, and the end; `error` is JSON of what it has ended with, null where that is a good end. */
  last(error: string | null): string {
    const { format } = this
    if (error !== null) this.write(format.error(error))
    return this.take() + (error === null || !format.errorIsLast ? format.close : '')
  }

  private write(item: string): void {
    this.text += this.isFirst ? item : this.format.between + item
    this.isFirst = false
  }
}
