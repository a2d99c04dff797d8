import { HINT_TRACE } from '../http/head.ts'
import type { RequestHead } from '../http/head.ts'

/** What a valid traceparent says; ids in lower-case hex. */
export interface TraceContext {
  readonly traceId: string
  /** The caller's span: parent-id. */
  readonly spanId: string
  readonly sampled: boolean
}

/**
 * W3C Trace Context (level 2) as it passes through: a valid context goes on
 * unmodified, because without a collector exchanges are no spans and must not
 * stand between parent and child; an invalid traceparent is removed together with its tracestate,
 * an invalid tracestate alone (§3.2.3, §3.3). Returns the context for the log.
 */
export function propagate(head: Pick<RequestHead, 'hints' | 'fields'>): TraceContext | null {
  if ((head.hints & HINT_TRACE) === 0) return null
  const { fields } = head
  // A repeated traceparent joins to something that cannot be valid, as it should.
  const context = parseTraceparent(fields.combined('traceparent') ?? '')
  if (context === null) {
    fields.remove('traceparent')
    fields.remove('tracestate')
    return null
  }
  const state = fields.combined('tracestate')
  if (state !== undefined && !isTracestate(state)) fields.remove('tracestate')
  return context
}

const LENGTH_00 = 55
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/
const ZEROS = /^0+$/

/**
 * §3.2: version 00 is exactly 55 characters; a later one may go on after
 * another "-" and is read as far as 00 goes; ff is none. Null when invalid.
 */
export function parseTraceparent(value: string): TraceContext | null {
  const match = TRACEPARENT.exec(value)
  if (match === null) return null
  const [, version = '', traceId = '', spanId = '', flags = ''] = match
  if (version === 'ff' || ZEROS.test(traceId) || ZEROS.test(spanId)) return null
  if (value.length > LENGTH_00 && (version === '00' || value[LENGTH_00] !== '-')) return null
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

const MAX_MEMBERS = 32
// §3.3.1.3 of level 2: keys are lower case and may begin with a digit; values are printable
// ASCII without comma and equals sign, and do not end in a space.
const MEMBER =
  /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/**
 * §3.3.1: members separated by commas with optional white space, at most 32,
 * empty ones allowed (and not counted). Repeated keys are left to whoever
 * reads the list, as the test suite of the standard allows.
 */
export function isTracestate(value: string): boolean {
  let members = 0
  let from = 0
  while (from <= value.length) {
    let end = value.indexOf(',', from)
    if (end < 0) end = value.length
    const member = trimmed(value, from, end)
    from = end + 1
    if (member === '') continue
    if (++members > MAX_MEMBERS || !MEMBER.test(member)) return false
  }
  return true
}

/** Without SP and HTAB at the ends: trim() would take more than optional white space is. */
function trimmed(text: string, from: number, end: number): string {
  while (from < end && isBlank(text.charCodeAt(from))) from++
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(from, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
