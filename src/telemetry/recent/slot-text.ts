import { flat } from '../../http/flat.ts'
import type { AccessRecord } from '../access-record.ts'
import type { LoggedFields } from '../logged-fields.ts'
import { escapeJson } from '../json.ts'
import { isSecretName, REDACTED, redactQuery, redactText } from '../redact.ts'
import { CUT_SHIFT, LENGTHS, parts, TEXT, type PartName } from './layout.ts'
import type { Deeds, Story } from './story.ts'
import type { Views } from './views.ts'

/** The text of one record, in parts: what is secret has been left out. */
export type Parts = Record<PartName, string>

/** What is long is cut in this order, each to so many bytes, until the rest has room. */
const CUTS: readonly (readonly [part: PartName, bytes: number])[] = [
  ['agent', 64],
  ['query', 96],
  ['path', 160],
  ['agent', 24],
  ['why', 96],
  ['host', 48],
  ['query', 24],
  ['route', 48],
  ['cluster', 40],
  ['listener', 32],
  ['path', 48],
  ['client', 45],
  ['peer', 45],
  ['method', 16],
  ['trace', 0],
  ['peer', 0],
  ['agent', 0],
  ['why', 40],
  ['endpoint', 32],
  ['query', 0],
  ['host', 24],
  ['method', 8],
]

const BIT: Readonly<Record<PartName, number>> = Object.fromEntries(
  parts.map((name, i) => [name, 1 << (CUT_SHIFT + i)]),
) as Record<PartName, number>

/** One object for all records: it is written out before the next one. */
const filled: Parts = Object.fromEntries(parts.map(name => [name, ''])) as Parts

/** The one object that is filled for each record. */
export function partsOf(record: AccessRecord): Parts {
  filled.id = record.exchangeId
  filled.method = record.method
  filled.path = record.path
  filled.query = record.query === '' ? '' : redactQuery(record.query)
  filled.host = record.serverAddress
  filled.client = record.clientAddress
  filled.peer = record.peerAddress
  filled.agent = record.userAgent
  filled.listener = record.listener
  filled.route = record.route
  filled.cluster = record.cluster
  filled.endpoint = record.endpoint
  filled.why = record.failure === '' && record.rejection === '' ? '' : whyOf(record)
  filled.trace = record.traceId === '' ? '' : `${record.traceId}-${record.spanId}`
  filled.story = record.story === null && record.notes === null ? '' : storyText(record.story, record.notes)
  return filled
}

/** One line each: failure, rejection, and what else is known. */
function whyOf({ failure, rejection, failureReason }: AccessRecord): string {
  if (failureReason === '') return rejection === '' ? failure : `${failure}\n${rejection}`
  return `${failure}\n${rejection}\n${ascii(redactText(failureReason).replaceAll('\n', ' '))}`
}

/** JSON, ASCII; "" where there is nothing but times, which are numbers of the slot. */
function storyText(story: Story | null, notes: AccessRecord['notes']): string {
  const { attempts = [], deeds = [], leftOut = 0 } = story ?? {}
  if (attempts.length === 0 && deeds.length === 0 && notes === null) return ''
  const noted = notesText(notes)
  // What every request of an API has: notes, and nothing beside.
  const told =
    attempts.length === 0 ? `"attempts":[],"deeds":[${deedsText(deeds)}]` : triedText(attempts, deeds)
  return `{${told},"notes":[${noted}],"leftOut":${leftOut}}`
}

function triedText(attempts: Story['attempts'], deeds: Story['deeds']): string {
  const tried = attempts.map(attempt => ({ ...attempt, reason: redactText(attempt.reason) }))
  return ascii(JSON.stringify({ attempts: tried, deeds }, rounded)).slice(1, -1)
}

/** What filters do is the same for one request after another: answers from a cache, refusals. */
function deedsText(deeds: Story['deeds']): string {
  let text = ''
  for (const deed of deeds) text += (text === '' ? '' : ',') + deedText(deed)
  return text
}

const deedTexts = new WeakMap<Deeds, string>()

function deedText(deed: Deeds): string {
  const known = deedTexts.get(deed)
  if (known !== undefined) return known
  const text = flat(ascii(JSON.stringify(deed, rounded)))
  if (deed.ms === undefined) deedTexts.set(deed, text)
  return text
}

/** By hand, which costs a third of JSON.stringify: names are written in the program, and values are mostly short. */
function notesText(notes: AccessRecord['notes']): string {
  let text = ''
  for (const logged of notes ?? []) {
    if (text !== '') text += ','
    text += logged.story === '' ? (logged.story = flat(pairsText(logged))) : logged.story
  }
  return text
}

function pairsText({ fields }: LoggedFields): string {
  return fields.map(([name, value]) => `["${name}",${noteText(name, value)}]`).join()
}

/** Numbers with more digits than anybody reads would fill the slot. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value
}

function noteText(name: string, value: unknown): string {
  if (isSecretName(name)) return `"${REDACTED}"`
  if (typeof value === 'number')
    return Number.isFinite(value) ? String(Math.round(value * 1_000) / 1_000) : 'null'
  return `"${escapeJson(redactText(String(value)).slice(0, 200))}"`
}

/** A character is a byte of the slot. */
function ascii(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Writes lengths and text into the slot at byte `at`, and gives the bits of the parts that were cut. One long
 * concatenation, because a piece of text that is written by itself costs 40 ns.
 */
export function writeText(views: Views, at: number, slotBytes: number, whole: Parts): number {
  const { id, method, path, query, host, client, peer, agent, listener, route, cluster, endpoint } = whole
  const { why, trace, story } = whole
  const { uint16 } = views
  const lengths = (at >> 1) + LENGTHS
  const length =
    id.length +
    method.length +
    path.length +
    query.length +
    host.length +
    client.length +
    peer.length +
    agent.length +
    listener.length +
    route.length +
    cluster.length +
    endpoint.length +
    why.length +
    trace.length +
    story.length
  if (length > slotBytes - TEXT) return writeCut(views, at, slotBytes, whole)
  uint16[lengths] = id.length
  uint16[lengths + 1] = method.length
  uint16[lengths + 2] = path.length
  uint16[lengths + 3] = query.length
  uint16[lengths + 4] = host.length
  uint16[lengths + 5] = client.length
  uint16[lengths + 6] = peer.length
  uint16[lengths + 7] = agent.length
  uint16[lengths + 8] = listener.length
  uint16[lengths + 9] = route.length
  uint16[lengths + 10] = cluster.length
  uint16[lengths + 11] = endpoint.length
  uint16[lengths + 12] = why.length
  uint16[lengths + 13] = trace.length
  uint16[lengths + 14] = story.length
  views.bytes.latin1Write(
    id +
      method +
      path +
      query +
      host +
      client +
      peer +
      agent +
      listener +
      route +
      cluster +
      endpoint +
      why +
      trace +
      story,
    at + TEXT,
  )
  return 0
}

/** The same for what has no room. A story is left out whole, for a part of it says nothing. */
function writeCut({ uint16, bytes }: Views, at: number, slotBytes: number, whole: Parts): number {
  const kept: Parts = { ...whole }
  const room = slotBytes - TEXT
  let marks = 0
  let length = parts.reduce((sum, name) => sum + kept[name].length, 0)
  const cut = (name: PartName, most: number): void => {
    const excess = kept[name].length - most
    if (length <= room || excess <= 0) return
    const take = Math.min(excess, length - room)
    kept[name] = kept[name].slice(0, kept[name].length - take)
    length -= take
    marks |= BIT[name]
  }
  if (kept.story !== '' && length > room) {
    length -= kept.story.length
    kept.story = ''
    marks |= BIT.story
  }
  for (const [name, most] of CUTS) cut(name, most)
  // What is left can be long only where names of objects are.
  for (const name of parts) if (name !== 'id') cut(name, 0)
  for (const [i, name] of parts.entries()) uint16[(at >> 1) + LENGTHS + i] = kept[name].length
  bytes.latin1Write(parts.map(name => kept[name]).join(''), at + TEXT)
  return marks
}
