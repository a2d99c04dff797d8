/** One HTTP/1 message as a test reads it off the wire: leniently, and with framing taken off. */
export interface Message {
  /** Request line or status line. */
  readonly start: string
  /** Names in lower case, in their order. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly trailers: readonly (readonly [name: string, value: string])[]
}

/**
 * The complete messages at the beginning of the text. A response without framing takes the whole rest
 * (`bodiless` says which have no body whatever their head says, as answers to HEAD); a request takes nothing.
 */
export function messages(
  text: string,
  bodiless: (start: string, index: number) => boolean = () => false,
): Message[] {
  const found: Message[] = []
  let at = 0
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end === -1) return found
    const [start = '', ...lines] = text.slice(at, end).split('\r\n')
    const fields = lines.map(splitField)
    const none = bodiless(start, found.length) || /^HTTP\/1\.[01] (1\d\d|204|304)/.test(start)
    const read = none ? { body: '', trailers: [], next: end + 4 } : readBody(text, end + 4, start, fields)
    if (read === null) return found
    found.push({ start, fields, body: read.body, trailers: read.trailers })
    at = read.next
  }
}

/** The first value of a field, named in lower case, or "". */
export function value({ fields }: Pick<Message, 'fields'>, name: string): string {
  return fields.find(([known]) => known === name)?.[1] ?? ''
}

export function status({ start }: Message): number {
  return Number(start.split(' ')[1])
}

type Fields = Message['fields']

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

function readBody(
  text: string,
  from: number,
  start: string,
  fields: Fields,
): { body: string; trailers: Fields; next: number } | null {
  if (value({ fields }, 'transfer-encoding') === 'chunked') return readChunks(text, from)
  const length = value({ fields }, 'content-length')
  const next = length === '' ? (start.startsWith('HTTP/') ? text.length : from) : from + Number(length)
  return next > text.length ? null : { body: text.slice(from, next), trailers: [], next }
}

function readChunks(text: string, from: number): { body: string; trailers: Fields; next: number } | null {
  let body = ''
  for (let at = from; ;) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return null
    const size = Number.parseInt(text.slice(at, line), 16)
    if (size === 0) return readTrailers(text, line + 2, body)
    if (text.length < line + 4 + size) return null
    body += text.slice(line + 2, line + 2 + size)
    at = line + 4 + size
  }
}

function readTrailers(
  text: string,
  from: number,
  body: string,
): { body: string; trailers: Fields; next: number } | null {
  const trailers: (readonly [string, string])[] = []
  for (let at = from; ;) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return null
    if (line === at) return { body, trailers, next: at + 2 }
    trailers.push(splitField(text.slice(at, line)))
    at = line + 2
  }
}
