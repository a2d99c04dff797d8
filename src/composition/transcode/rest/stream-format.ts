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

const formats: Readonly<Record<string, StreamFormat>> = {
  'application/json': array,
  'application/x-ndjson': lines,
  'application/ndjson': lines,
  'application/jsonl': lines,
  'text/event-stream': events,
}

/** The first of the formats that a client likes best; an array where it names none. */
export function streamFormat(accept: string | undefined): StreamFormat {
  let best = array
  let most = 0
  for (const one of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = one.split(';').map(part => part.trim().toLowerCase())
    const format = formats[type]
    const quality = Number(parameters.find(part => part.startsWith('q='))?.slice(2) ?? 1)
    if (format !== undefined && quality > most) {
      best = format
      most = quality
    }
  }
  return best
}
