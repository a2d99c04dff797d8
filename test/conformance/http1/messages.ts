import { Rejection } from '../../../src/http/failures.ts'
import { ChunkedReader } from '../../../src/http/h1/chunked.ts'
import { RequestHeadReader } from '../../../src/http/h1/request.ts'
import type { HeadLimits } from '../../../src/http/h1/request-parser.ts'
import { CHUNKED } from '../../../src/http/head.ts'
import type { RequestHead } from '../../../src/http/head.ts'

export interface Message {
  readonly head: RequestHead
  body: string
  trailers: readonly string[]
  complete: boolean
  /** Offset of the first byte after it, over all pieces. */
  end: number
}

export interface Reading {
  readonly messages: readonly Message[]
  /** The rule that ended it, or "". */
  readonly rule: string
}

/** Reads everything that a connection sends, heads and bodies, as the proxy does, until it must stop. */
export function readRequests(pieces: readonly Buffer[], limits: HeadLimits): Reading {
  const reader = new RequestHeadReader(limits, 'http')
  const chunked = new ChunkedReader()
  const messages: Message[] = []
  let current: Message | null = null
  let remaining = 0
  let before = 0
  const sink = {
    data: (chunk: Buffer, from: number, to: number) =>
      void (current!.body += chunk.toString('latin1', from, to)),
  }
  for (const piece of pieces) {
    let at = 0
    while (at < piece.length) {
      if (current === null) {
        if (messages.length > 0 && !messages[messages.length - 1]!.head.keepAlive)
          return { messages, rule: '' }
        const head = reader.read(piece, at)
        if (head === null) break
        if (head instanceof Rejection) return { messages, rule: head.rule }
        at = reader.consumed
        current = { head, body: '', trailers: [], complete: false, end: 0 }
        messages.push(current)
        remaining = head.length
        chunked.reset()
      } else if (remaining === CHUNKED) {
        at = chunked.read(piece, at, piece.length, sink)
        if (chunked.rejection !== null) return { messages, rule: chunked.rejection.rule }
        if (chunked.done) remaining = 0
        current.trailers = chunked.trailers?.list ?? []
      } else {
        const next = Math.min(piece.length, at + remaining)
        sink.data(piece, at, next)
        remaining -= next - at
        at = next
      }
      if (remaining === 0) {
        current.complete = true
        current.end = before + at
        current = null
      }
    }
    before += piece.length
  }
  return { messages, rule: '' }
}
