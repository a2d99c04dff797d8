import { painter, type Colour } from './colour.ts'
import { isSecretName, redactText, REDACTED } from './redact.ts'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'
/** Values are what JSON knows, errors, and whatever else turns into text; undefined is left out. */
export type LogFields = Readonly<Record<string, unknown>>

const TEXT_LIMIT = 1_024
const STACK_LIMIT = 4_096
const DEPTH_LIMIT = 6
const LIST_LIMIT = 64
/** Names of the line's own; a field of such a name would make it ambiguous and gets a "_" behind it. */
const OWN = new Set(['time', 'level', 'event'])

/**
 * The fields as they are written, with secrets taken out (redact.ts) and
 * everything bounded: a log line is no place for a body. Never throws, whatever
 * it is given: a log that fails would take the reason for the failure with it.
 */
export function cleanFields(fields: LogFields): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) out[OWN.has(name) ? `${name}_` : name] = cleanNamed(name, value, 0)
  }
  return out
}

function cleanNamed(name: string, value: unknown, depth: number): unknown {
  const tells = value !== null && value !== undefined && typeof value !== 'boolean'
  return tells && isSecretName(name) ? REDACTED : clean(value, depth)
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(redactText(value), TEXT_LIMIT)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint' || typeof value === 'symbol') return cut(value.toString(), TEXT_LIMIT)
  if (typeof value !== 'object') return `[${typeof value}]`
  if (value instanceof Error) return cleanError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  // Also what ends a value that contains itself.
  if (depth >= DEPTH_LIMIT) return '[…]'
  if (Array.isArray(value)) return value.slice(0, LIST_LIMIT).map(item => clean(item, depth + 1))
  return cleanObject(value, depth)
}

function cleanObject(value: object, depth: number): unknown {
  try {
    const entries =
      value instanceof Map ? [...value].map(([k, v]) => [String(k), v] as const) : Object.entries(value)
    const shown = entries.slice(0, LIST_LIMIT).filter(([, item]) => item !== undefined)
    return Object.fromEntries(shown.map(([name, item]) => [name, cleanNamed(name, item, depth + 1)]))
  } catch {
    // A getter or a proxy that throws.
    return '[unreadable]'
  }
}

function cleanError(error: Error, depth: number): unknown {
  const { name, message, stack, cause } = error
  const out: Record<string, unknown> = { type: name, message: cut(redactText(message), TEXT_LIMIT) }
  if ('code' in error && error.code !== undefined) out['code'] = clean(error.code, depth + 1)
  if (stack !== undefined) out['stack'] = cut(redactText(stack), STACK_LIMIT)
  if (cause !== undefined && depth < DEPTH_LIMIT) out['cause'] = clean(cause, depth + 1)
  return out
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`
}

// Beyond what JSON.stringify escapes: DEL and C1 controls, which a terminal obeys, and the two line ends of Unicode.
const CONTROLS = /[\x7f-\x9f\u2028\u2029]/g

function asJson(value: unknown): string {
  return JSON.stringify(value).replace(CONTROLS, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** One JSON object and LF. `fields` are clean. */
export function jsonLine(
  time: string,
  level: LogLevel,
  event: string,
  fields: Record<string, unknown>,
): string {
  return `${asJson({ time, level, event, ...fields })}\n`
}

const COLOURS: Readonly<Record<LogLevel, Colour>> = {
  error: 'error',
  warn: 'warning',
  info: 'note',
  debug: 'dim',
}

/** For people at a terminal: `12:03:04.123 WARN  endpoint.ejected cluster=items failures=5`, an error's stack below. */
export function humanLine(
  time: string,
  level: LogLevel,
  event: string,
  fields: Record<string, unknown>,
  colour: boolean,
): string {
  const shown = painter(colour)(COLOURS[level], level.toUpperCase().padEnd(5))
  let text = `${time.slice(11, 23)} ${shown} ${event}`
  let stacks = ''
  // A sentence is read without quotes and escapes; the last thing of the line, so that no field follows from it.
  const { message, ...others } = fields
  const sentence = typeof message === 'string' ? ` ${plain(message)}` : ''
  for (const [key, value] of Object.entries(sentence === '' ? fields : others)) {
    const stack = stackOf(value)
    if (stack !== null) stacks += `\n  ${stack.split('\n').map(plain).join('\n  ')}`
    text += ` ${plain(key)}=${stack === null ? humanValue(value) : humanValue(messageOf(value))}`
  }
  return `${text}${sentence}${stacks}\n`
}

function humanValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=\x00-\x1f\x7f-\x9f\u2028\u2029]+$/.test(value)
    ? value
    : asJson(value)
}

/** Text that a client may have had a hand in must not move the cursor or forge a line. */
function plain(text: string): string {
  return /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text) ? asJson(text) : text
}

function stackOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('stack' in value)) return null
  return typeof value.stack === 'string' ? value.stack : null
}

function messageOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'message' in value ? value.message : value
}
