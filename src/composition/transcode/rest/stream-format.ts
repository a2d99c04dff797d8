import { accepted, type Offers } from '../../../http/accept.ts'

/** How the messages of a stream stand in a body. */
export interface StreamFormat {
  readonly type: string
  /** Before the first, between two, and behind the last. */
  readonly open: string
  readonly between: string
  readonly close: string
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
  item: json => json,
  error: json => `{"error":${json}}`,
}

const lines: StreamFormat = {
  type: 'application/x-ndjson',
  open: '',
  between: '',
  close: '',
  item: json => `${json}\n`,
  error: json => `{"error":${json}}\n`,
}

/** JSON has no line breaks of its own, so that one line of `data` is enough. The last event says that it is the last: browsers come again when a body merely ends. */
const events: StreamFormat = {
  type: 'text/event-stream',
  open: '',
  between: '',
  close: 'event: end\ndata: {}\n\n',
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
