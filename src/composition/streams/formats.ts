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
const formats: readonly (readonly [format: StreamFormat, types: readonly string[]])[] = [
  [events, ['text/event-stream']],
  [lines, ['application/x-ndjson', 'application/ndjson', 'application/jsonl']],
  [array, ['application/json']],
]

export const streamTypes: readonly string[] = formats.map(([{ type }]) => type)

/** What of these a client takes best, by its `Accept` (RFC 9110 §12.5.1); null where it takes none. */
export function negotiated(accept: string | undefined): StreamFormat | null {
  if (accept === undefined || accept.trim() === '') return events
  const ranges = accept.split(',').map(rangeOf)
  let best: StreamFormat | null = null
  let bestQuality = 0
  for (const [format, types] of formats) {
    const quality = Math.max(...types.map(type => qualityOf(type, ranges)))
    if (quality > bestQuality) [best, bestQuality] = [format, quality]
  }
  return best
}

interface Range {
  readonly type: string
  readonly quality: number
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const quality = parameters.find(one => one.startsWith('q='))?.slice(2)
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0 }
}

/** The most specific range counts. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  for (const range of [type, `${type.split('/', 1)[0]!}/*`, '*/*']) {
    const found = ranges.find(one => one.type === range)
    if (found !== undefined) return found.quality
  }
  return 0
}
