import { Rejection } from '../../../src/http/failures.ts'
import { ChunkedReader } from '../../../src/http/h1/chunked.ts'
import { RequestHeadReader } from '../../../src/http/h1/request.ts'
import type { HeadLimits } from '../../../src/http/h1/request-parser.ts'
import { ResponseHeadReader } from '../../../src/http/h1/response.ts'
import type { ResponseLimits } from '../../../src/http/h1/response.ts'
import type { RequestHead, ResponseHead } from '../../../src/http/head.ts'
import { limits } from '../../support/head-limits.ts'

export const responseLimits: ResponseLimits = {
  lineBytes: 300,
  fieldBytes: 200,
  headBytes: 1000,
  fieldCount: 12,
}

/** What came of some bytes: a head and where it ended, the rule that was broken, or "more". */
export type Outcome<Head> = { head: Head; end: number } | { rule: string } | 'more'

export function requestOutcome(
  pieces: readonly Buffer[],
  settings: HeadLimits = limits,
): Outcome<RequestHead> {
  const reader = new RequestHeadReader(settings, 'http')
  return outcome(
    pieces,
    piece => reader.read(piece, 0),
    () => reader.consumed,
  )
}

export function responseOutcome(
  pieces: readonly Buffer[],
  method: string,
  settings: ResponseLimits = responseLimits,
): Outcome<ResponseHead> {
  const reader = new ResponseHeadReader(settings)
  return outcome(
    pieces,
    piece => reader.read(piece, 0, method),
    () => reader.consumed,
  )
}

function outcome<Head>(
  pieces: readonly Buffer[],
  read: (piece: Buffer) => Head | Rejection | null,
  consumed: () => number,
): Outcome<Head> {
  let before = 0
  for (const piece of pieces) {
    const result = read(piece)
    if (result instanceof Rejection) return { rule: result.rule }
    if (result !== null) return { head: result, end: before + consumed() }
    before += piece.length
  }
  return 'more'
}

export interface ChunkedOutcome {
  readonly body: string
  readonly rule: string
  readonly done: boolean
  /** Offset after what was consumed, when done. */
  readonly end: number
  readonly trailers: readonly string[]
}

export function chunkedOutcome(
  pieces: readonly Buffer[],
  reader: ChunkedReader = new ChunkedReader(),
): ChunkedOutcome {
  let body = ''
  let end = 0
  const sink = {
    data: (chunk: Buffer, from: number, to: number) => void (body += chunk.toString('latin1', from, to)),
  }
  for (const piece of pieces) {
    const at = reader.read(piece, 0, piece.length, sink)
    end += at
    if (reader.done || reader.rejection !== null) break
  }
  const rule = reader.rejection?.rule ?? ''
  return { body, rule, done: reader.done, end: rule === '' ? end : -1, trailers: reader.trailers?.list ?? [] }
}

/** Every way of cutting that is replayed: in two at every byte, and byte by byte. */
export function* cuts(bytes: Buffer): Generator<Buffer[]> {
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
  yield Array.from(bytes, byte => Buffer.from([byte]))
}

export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
