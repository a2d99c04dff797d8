import { METHODS } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { trailerAllowed } from '../../../src/http/h1/trailers.ts'
import type { HeadLimits } from '../../../src/http/h1/request-parser.ts'
import { serializeRequest } from '../../../src/http/h1/serialize.ts'
import { CHUNKED, NO_BODY } from '../../../src/http/head.ts'
import { normalAuthority, parseAuthority, parseTarget } from '../../../src/http/target.ts'
import { readRequests } from './messages.ts'
import type { Message } from './messages.ts'
import type { NodeHttp, Seen } from './nodehttp.ts'
import { responseOutcome } from './replay.ts'

/** Comes after every case: where it begins, both must agree that the message ended. */
const NEXT = Buffer.from('GET /the-next-one HTTP/1.1\r\nHost: next\r\n\r\n')

/** Never forwarded as they came. */
const owned = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
])

/**
 * Whether these bytes mean to node:http what they mean to us: everything that
 * we accept, it must accept with the same method, target, fields, body and end.
 * Returns what differs, or "". Cut differently, they must mean the same to us.
 */
export async function compare(
  bytes: Buffer,
  cut: readonly Buffer[],
  limits: HeadLimits,
  judge: NodeHttp,
): Promise<string> {
  const whole = Buffer.concat([bytes, NEXT])
  const reading = readRequests([whole], limits)
  const again = readRequests([...cut, NEXT], limits)
  if (!isDeepStrictEqual(again, reading))
    return `cut: ${JSON.stringify(again)} instead of ${JSON.stringify(reading)}`
  return judged(whole, comparable(whole, reading.messages), limits, judge)
}

/**
 * The one thing in which llhttp is narrower than the codec: it has a closed list
 * of methods, RFC 9110 §9.1 has not. For another one it is asked about a POST,
 * which has the same framing.
 */
const known = new Set(METHODS)
const STAND_IN = 'POST'

/** The bytes of each message, and whatever was put in place of its method. */
function forJudge(whole: Buffer, messages: readonly Message[]): Buffer[] {
  return messages.map(({ head: { method }, end }, i) => {
    const bytes = whole.subarray(messages[i - 1]?.end ?? 0, end)
    return known.has(method)
      ? bytes
      : Buffer.from(bytes.toString('latin1').replace(`${method} `, `${STAND_IN} `), 'latin1')
  })
}

/** Whether the response head in these bytes is the same, cut or whole. Returns what differs, or "". */
export function compareResponse(bytes: Buffer, cut: readonly Buffer[], limits: HeadLimits): string {
  const settings = { ...limits, lineBytes: limits.requestLineBytes }
  for (const method of ['GET', 'HEAD']) {
    const whole = responseOutcome([bytes], method, settings)
    const again = responseOutcome(cut, method, settings)
    if (!isDeepStrictEqual(again, whole))
      return `cut: ${JSON.stringify(again)} instead of ${JSON.stringify(whole)}`
  }
  return ''
}

/** Whole messages, up to one that asks for an upgrade: after that node:http reads no more, whether it is granted or not. */
function comparable(whole: Buffer, messages: readonly Message[]): Message[] {
  const complete = messages.filter(message => message.complete)
  const asks = complete.findIndex(({ end }, i) =>
    /\r\nupgrade:/i.test(whole.toString('latin1', complete[i - 1]?.end ?? 0, end)),
  )
  return asks === -1 ? complete : complete.slice(0, asks + 1)
}

async function judged(
  whole: Buffer,
  messages: readonly Message[],
  limits: HeadLimits,
  judge: NodeHttp,
): Promise<string> {
  const last = messages.at(-1)
  if (last === undefined) return ''
  // Whatever came after the last whole message is replaced by a request of which we know what it is.
  const upgrade = /\r\nupgrade:/i.test(whole.toString('latin1', messages.at(-2)?.end ?? 0, last.end))
  const follow = last.head.keepAlive && !upgrade ? [NEXT] : []
  const { seen, error } = await judge.read(
    [...forJudge(whole, messages), ...follow],
    messages.length + follow.length,
  )
  for (const [i, message] of messages.entries()) {
    const other = seen[i]
    const difference = other === undefined ? `not seen (${error})` : differs(message, other, limits)
    if (difference !== '') return `message ${i} of ${messages.length}: ${difference}`
  }
  const changed = await sentOn(messages, judge)
  if (changed !== '') return changed
  if (follow.length === 0)
    return seen.length === messages.length ? '' : `${seen.length} messages instead of ${messages.length}`
  const next = seen[messages.length]
  return next?.target === '/the-next-one' ? '' : `another end: ${JSON.stringify(next)} (${error})`
}

/** What is sent on of heads must be to llhttp what it was to us; bodies are another matter. Returns what differs, or "". */
async function sentOn(messages: readonly Message[], judge: NodeHttp): Promise<string> {
  const heads = messages
    .filter(({ head }) => known.has(head.method))
    .map(({ head }) => ({ ...head, length: NO_BODY, hasLength: false, upgrade: '' }))
  const text = heads.map(serializeRequest).join('')
  const { seen, error } = await judge.read([Buffer.from(text, 'latin1')], heads.length)
  for (const [i, { method, path, query, authority }] of heads.entries()) {
    const other = seen[i]
    if (other === undefined) return `sent on, and not seen (${error}): ${JSON.stringify(text)}`
    if (other.method !== method || other.target !== path + query)
      return `sent on as ${method} ${path}${query}, seen as ${other.method} ${other.target}`
    const host = first(other.fields, 'host')
    if (host !== authority) return `sent on with Host ${authority}, seen with ${host ?? 'none'}`
  }
  return ''
}

function differs({ head, body, trailers }: Message, other: Seen, limits: HeadLimits): string {
  if ((known.has(head.method) ? head.method : STAND_IN) !== other.method)
    return `method ${head.method} / ${other.method}`
  if (String(head.version / 10) !== String(Number(other.version)))
    return `version ${head.version} / ${other.version}`
  const target = parseTarget(other.target, other.method, 'http', limits)
  if ('rule' in target) return `target ${other.target} is ${target.rule}`
  if (target.path !== head.path || target.query !== head.query)
    return `target ${head.path}${head.query} / ${other.target}`
  const authority = target.authority || normalAuthority(first(other.fields, 'host') ?? '')
  if (authority !== head.authority || (parseAuthority(authority) ?? '') !== head.hostname)
    return `authority ${head.authority} / ${authority}`
  const expected = endToEnd(other.fields, limits)
  if (!isDeepStrictEqual(head.fields.list, expected))
    return `fields ${JSON.stringify(head.fields.list)} / ${JSON.stringify(expected)}`
  const length = first(other.fields, 'content-length') ?? '0'
  if (head.length !== CHUNKED && head.length !== Number(length)) return `length ${head.length} / ${length}`
  if (!other.complete || body !== other.body)
    return `body ${JSON.stringify(body)} / ${JSON.stringify(other.body)}, complete ${other.complete}`
  const passing = pairs(other.trailers)
    .filter(([name]) => trailerAllowed(name.toLowerCase()))
    .flat()
  return isDeepStrictEqual(trailers, passing)
    ? ''
    : `trailers ${JSON.stringify(trailers)} / ${JSON.stringify(passing)}`
}

function endToEnd(fields: readonly string[], limits: HeadLimits): string[] {
  const named = pairs(fields)
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map(option => option.trim().toLowerCase()))
  return pairs(fields)
    .filter(([name]) => {
      const lower = name.toLowerCase()
      return (
        !owned.has(lower) && !named.includes(lower) && !(limits.underscores === 'drop' && name.includes('_'))
      )
    })
    .flat()
}

function first(fields: readonly string[], lower: string): string | undefined {
  return pairs(fields).find(([name]) => name.toLowerCase() === lower)?.[1]
}

function pairs(list: readonly string[]): [string, string][] {
  const all: [string, string][] = []
  for (let i = 0; i < list.length; i += 2) all.push([list[i]!, list[i + 1]!])
  return all
}
