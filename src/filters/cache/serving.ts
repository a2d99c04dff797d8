import { Fields } from '../../http/fields.ts'
import { flat } from '../../http/flat.ts'
import { NO_BODY, type ResponseHead } from '../../http/head.ts'
import type { Stored } from '../../shared/cache/stored.ts'
import type { Served } from '../filter.ts'
import { isConfirmed, rangeHolds } from './conditions.ts'
import { ageMs } from './freshness.ts'
import { spanOf } from './ranges.ts'
import { hitStatus } from './status.ts'

export interface Wanted {
  readonly method: string
  readonly fields: Fields
  /** It has a condition, or asks for a part. */
  readonly conditional: boolean
}

/** What a worker makes of an answer once, for all whom it serves from it. */
class Ready {
  readonly body: Buffer | null
  private readonly stored: Stored
  private readonly wire: string
  // As hits have it in this second, and for which that is.
  private list: readonly string[] = []
  private text = ''
  private ageS = -1
  private ttlS = 0
  private isTold = false

  constructor(stored: Stored) {
    this.stored = stored
    this.body = stored.body === null ? null : Buffer.from(stored.body)
    this.wire = flat(new Fields([...stored.fields]).wire())
  }

  /** What it says to whom it is given without asking. */
  hit(nowMs: number, tells: boolean): Fields {
    const { times } = this.stored
    const age = ageMs(times, nowMs)
    const ageS = Math.floor(age / 1000)
    const ttlS = Math.ceil((times.freshMs - age) / 1000)
    if (ageS !== this.ageS || ttlS !== this.ttlS || tells !== this.isTold) {
      const fields = this.fields(ageS, tells ? hitStatus(ttlS) : '')
      this.list = fields.list
      this.text = flat(fields.wire())
      this.ageS = ageS
      this.ttlS = ttlS
      this.isTold = tells
    }
    const fields = new Fields(this.list.slice())
    fields.wrote(0, this.text)
    return fields
  }

  fields(ageS: number, status: string): Fields {
    const fields = new Fields(this.stored.fields.slice())
    fields.wrote(0, this.wire)
    fields.list.push('Age', String(ageS))
    if (status !== '') fields.list.push('Cache-Status', status)
    return fields
  }
}

const ready = new WeakMap<Stored, Ready>()

function readyOf(stored: Stored): Ready {
  const known = ready.get(stored)
  if (known !== undefined) return known
  const made = new Ready(stored)
  ready.set(stored, made)
  return made
}

/** An answer to this request that was not asked for: all of what is stored, a part, or that the client has it already. */
export function serveHit(
  stored: Stored,
  wanted: Wanted,
  nowMs: number,
  tells: boolean,
  done: () => void,
): Served {
  const known = readyOf(stored)
  return given(stored, wanted, known.hit(nowMs, tells), known.body, done)
}

/** The same of one that the backend was asked about. `status`: Cache-Status, or "". */
export function serve(
  stored: Stored,
  wanted: Wanted,
  nowMs: number,
  status: string,
  done: () => void,
): Served {
  const known = readyOf(stored)
  const ageS = Math.floor(ageMs(stored.times, nowMs) / 1000)
  return given(stored, wanted, known.fields(ageS, status), known.body, done)
}

function given(
  stored: Stored,
  wanted: Wanted,
  fields: Fields,
  body: Buffer | null,
  done: () => void,
): Served {
  if (wanted.conditional) return conditionally(stored, wanted, fields, body, done)
  return whole(stored.status, fields, body, wanted.method, done)
}

function conditionally(
  stored: Stored,
  { method, fields: request }: Wanted,
  fields: Fields,
  body: Buffer | null,
  done: () => void,
): Served {
  if (stored.status === 200 && isConfirmed(request, new Fields([...stored.fields]), stored.times.receivedMs))
    return { head: headOf(304, withoutContent(fields), NO_BODY, false), body: null, done }
  const range = request.get('range')
  if (method !== 'GET' || stored.status !== 200 || range === undefined || !rangeHolds(request, fields))
    return whole(stored.status, fields, body, method, done)
  const bytes = body === null ? 0 : body.length
  const span = spanOf(range, bytes)
  if (span === 'all') return whole(200, fields, body, method, done)
  if (span === 'none') {
    const told = withoutContent(fields)
    told.list.push('Content-Range', `bytes */${bytes}`)
    return { head: headOf(416, told, NO_BODY, true), body: null, done }
  }
  fields.list.push('Content-Range', `bytes ${span.first}-${span.last}/${bytes}`)
  const part = body!.subarray(span.first, span.last + 1)
  return { head: headOf(206, fields, part.length, true), body: part, done }
}

function whole(
  status: number,
  fields: Fields,
  body: Buffer | null,
  method: string,
  done: () => void,
): Served {
  const bytes = body === null ? 0 : body.length
  if (method === 'HEAD') {
    if (status !== 204) fields.list.push('Content-Length', String(bytes))
    return { head: headOf(status, fields, NO_BODY, false), body: null, done }
  }
  return { head: headOf(status, fields, bytes === 0 ? NO_BODY : bytes, status !== 204), body, done }
}

/** RFC 9110 §15.4.5: what tells of a body that is not sent is of no use. */
const ofContent: readonly string[] = ['content-type', 'content-encoding', 'content-language']

function withoutContent(fields: Fields): Fields {
  for (const name of ofContent) fields.remove(name)
  return fields
}

function headOf(status: number, fields: Fields, length: number, hasLength: boolean): ResponseHead {
  return {
    status,
    reason: '',
    version: 11,
    fields,
    length,
    hasLength,
    keepAlive: true,
    upgrade: '',
    trailer: '',
  }
}
