/** As OTLP numbers them (opentelemetry-proto, trace.proto): what is part of something here, who answers, and who asks. */
export const INTERNAL = 1
export const SERVER = 2
export const CLIENT = 3

export type Attribute = string | number | boolean | readonly string[]

/** Something that took its time, as OpenTelemetry has it; names of attributes by its semantic conventions. */
export interface Span {
  /** 32 digits of lower-case hex. */
  readonly traceId: string
  /** 16 digits of lower-case hex. */
  readonly spanId: string
  /** "" for none. */
  readonly parentId: string
  /** The parent is of another process. */
  readonly isRemote: boolean
  /** `tracestate`; "" for none. */
  readonly traceState: string
  readonly kind: typeof INTERNAL | typeof SERVER | typeof CLIENT
  readonly name: string
  /** Milliseconds since 1970, with a fraction. */
  readonly startMs: number
  readonly endMs: number
  /** What is undefined is left out. */
  readonly attributes: Readonly<Record<string, Attribute | undefined>>
  readonly isError: boolean
}

const SAMPLED = 0x1
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200
const ERROR = 2

/** JSON of it by OTLP 1.x: numbers of 64 bits are text, ids hex, names in camel case. */
export function spanText(span: Span): string {
  const { traceId, spanId, parentId, isRemote, traceState, kind, name, startMs, endMs, isError } = span
  return JSON.stringify({
    traceId,
    spanId,
    ...(traceState !== '' && { traceState }),
    ...(parentId !== '' && { parentSpanId: parentId }),
    flags: SAMPLED | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0),
    name,
    kind,
    startTimeUnixNano: nanoText(startMs),
    endTimeUnixNano: nanoText(Math.max(startMs, endMs)),
    attributes: attributesOf(span.attributes),
    ...(isError && { status: { code: ERROR } }),
  })
}

/** As a list of keys and values; also of what a process says of itself. */
export function attributesOf(attributes: Span['attributes']): readonly object[] {
  const list: object[] = []
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) list.push({ key, value: valueOf(value) })
  return list
}

function valueOf(value: Attribute): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  return { arrayValue: { values: value.map(valueOf) } }
}

/** A number of nanoseconds has more digits than a double. */
function nanoText(ms: number): string {
  const whole = Math.floor(ms)
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, '0')}`
}
