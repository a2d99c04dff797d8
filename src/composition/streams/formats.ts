import { accepted, type Offers } from '../../http/accept.ts'
import type { Gap, StreamItem } from './item.ts'

/** How a stream is written to clients of HTTP. What cannot be said in a format breaks the answer off. */
export interface StreamFormat {
  readonly type: string
  readonly open: string
  readonly close: string
  /** `json` is the item's data; `first` that it is the first of the answer. */
  item(json: string, of: StreamItem<unknown>, first: boolean): string
  /** Null where there is no place for it. */
  gap(gap: Gap): string | null
  /** As the last that is written; `json` is a problem. Null where there is no place for it. */
  error(json: string): string | null
  /** What says nothing, so that nobody between takes the connection for dead. */
  readonly idle: string | null
}

const events: StreamFormat = {
  type: 'text/event-stream',
  open: '',
  close: '',
  item: (json, { id, event }) =>
    `${id === null ? '' : `id: ${id}\n`}${event === null ? '' : `event: ${event}\n`}data: ${json}\n\n`,
  gap: ({ missed }) => `event: gap\ndata: ${JSON.stringify({ missed })}\n\n`,
  error: json => `event: error\ndata: ${json}\n\n`,
  idle: ':\n\n',
}

const lines: StreamFormat = {
  type: 'application/x-ndjson',
  open: '',
  close: '',
  item: json => `${json}\n`,
  gap: ({ missed }) => `${JSON.stringify({ gap: { missed } })}\n`,
  error: json => `{"error":${json}}\n`,
  idle: null,
}

const array: StreamFormat = {
  type: 'application/json',
  open: '[',
  close: ']',
  item: (json, _, first) => (first ? json : `,${json}`),
  gap: () => null,
  error: () => null,
  // White space between values (RFC 8259 §2).
  idle: '\n',
}

/** By preference where a client has none. */
const formats: Offers<StreamFormat> = [
  [events, 'text/event-stream'],
  [lines, 'application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  [array, 'application/json'],
]

export const streamTypes: readonly string[] = formats.map(([{ type }]) => type)

/** What of these a client takes best, by its Accept; null where it takes none. */
export const negotiated = (accept: string | undefined): StreamFormat | null => accepted(accept, formats)
