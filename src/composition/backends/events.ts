import type { TSchema } from 'typebox'
import { newCallRecord, type CallRecord } from '../calls/call-record.ts'
import { CallFailure, failureNameOf } from '../calls/failure.ts'
import { Scope } from '../calls/scope.ts'
import { Checked } from '../schemas/checked.ts'
import { EventStreamParser, LineParser } from '../streams/event-stream.ts'
import { Gap, StreamItem } from '../streams/item.ts'
import type { BackendAnswer } from '../transport/transport.ts'
import { resultOf } from './answers.ts'
import type { Backend } from './backend.ts'
import type { CallSite } from './call-site.ts'
import type { EventsOptions, EventStream } from './event-types.ts'
import { streamRequest } from './stream-request.ts'

const ACCEPT = 'text/event-stream, application/x-ndjson;q=0.9, application/json;q=0.1'
const FIRST_RETRY_MS = 1_000
const MOST_RETRY_MS = 30_000

/** A subscription that has begun: its items, each once, to one reader. It ends with the request, or when its reader returns. */
export class Subscribed<T> implements EventStream<T> {
  private readonly name: string
  private readonly path: string
  private readonly backend: Backend
  private readonly site: CallSite
  private readonly options: EventsOptions & { readonly item?: TSchema }
  private readonly item: Checked | null
  private readonly scope: Scope
  private readonly record: CallRecord
  private readonly items: AsyncGenerator<StreamItem<T> | Gap>
  private readonly began: Promise<BackendAnswer>
  private lastEventId: string
  /** Of the request that is under way now. */
  private attempt: Scope | null = null
  private backoffMs = FIRST_RETRY_MS

  constructor(
    name: string,
    path: string,
    backend: Backend,
    site: CallSite,
    options: EventsOptions & { readonly item?: TSchema } = {},
  ) {
    const { method = 'GET', lastEventId, item } = options
    this.name = name
    this.path = path
    this.backend = backend
    this.site = site
    this.options = options
    this.item = item === undefined ? null : Checked.of('item', item)
    this.lastEventId = lastEventId ?? ''
    this.scope = Scope.of(site.request).child()
    this.record = newCallRecord(`${name} ${method} ${path}`, site.request.clock.now(), site.route)
    site.began(this.record)
    this.scope.onCancel = reason => this.ended(reason.failure)
    this.began = this.open()
    this.began.catch(() => undefined)
    this.items = this.followed()
  }

  next(): Promise<IteratorResult<StreamItem<T> | Gap>> {
    return this.items.next()
  }

  /** Nobody reads it any more: the backend is told. */
  async return(): Promise<IteratorResult<StreamItem<T> | Gap>> {
    this.scope.cancel(new CallFailure('cancelled', this.record.call, 'nobody reads it'))
    return await this.items.return(undefined)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private async *followed(): AsyncGenerator<StreamItem<T> | Gap> {
    try {
      yield* this.all()
      this.ended('ok')
    } catch (error) {
      this.ended(failureNameOf(error))
      throw error
    } finally {
      this.ended('cancelled')
    }
  }

  private async *all(): AsyncGenerator<StreamItem<T> | Gap> {
    for (let answer: Promise<BackendAnswer> = this.began; ; answer = this.open()) {
      try {
        const { status, headers, body } = await answer
        // So an event stream says that it is over (HTML §9.2.3).
        if (status === 204) return
        yield* this.read(headers['content-type'] ?? '', body)
        if (this.options.reconnect !== true) return
      } catch (error) {
        if (this.options.reconnect !== true || !isWorthRepeating(error) || this.scope.cancelledBy !== null)
          throw error
      }
      await this.pause()
      // What came meanwhile nobody can say.
      if (this.lastEventId === '') yield new Gap(null)
    }
  }

  private async *read(type: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamItem<T>> {
    const { limitBytes } = this.backend
    const isEvents = /^text\/event-stream\b/i.test(type)
    if (!isEvents && !/^application\/(?:x-)?(?:ndjson|jsonl?)\b/i.test(type))
      throw new CallFailure(
        'backend_response_invalid',
        this.record.call,
        `it is ${type}, no stream of events`,
      )
    const parser = isEvents ? new EventStreamParser(limitBytes, this.lastEventId) : new LineParser(limitBytes)
    try {
      for await (const chunk of this.watched(body)) {
        for (const one of parser.push(chunk)) {
          this.backoffMs = FIRST_RETRY_MS
          yield this.taken(one)
        }
        if (!(parser instanceof EventStreamParser)) continue
        // Also of an event without data, and none where it was taken back.
        this.lastEventId = parser.lastEventId
        if (parser.retryMs !== null) this.backoffMs = parser.retryMs
      }
      if (parser instanceof LineParser) for (const one of parser.end()) yield this.taken(one)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new CallFailure('http_response_body_size', this.record.call, error.message)
    }
  }

  /** The chunks, with the deadline of silence. */
  private async *watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { idleMs = Infinity } = this.options
    const chunks = body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const stop = this.lateAfter(idleMs)
        const next = await chunks.next()
        stop()
        if (next.done === true) return
        yield next.value
      }
    } finally {
      void chunks.return?.(undefined).catch(() => undefined)
    }
  }

  private taken({ data, id, event }: StreamItem<string>): StreamItem<T> {
    if (this.item === null) return new StreamItem(data as T, id, event)
    const { call } = this.record
    let json: unknown
    try {
      json = JSON.parse(data)
    } catch (cause) {
      throw new CallFailure('backend_response_invalid', call, 'an item is no JSON', { cause })
    }
    const { value, faults } = this.item.allow(json)
    if (faults.length > 0)
      throw new CallFailure(
        'backend_response_invalid',
        call,
        faults.map(({ at, message }) => `${at} ${message}`).join('; '),
      )
    return new StreamItem(value as T, id, event)
  }

  private async open(): Promise<BackendAnswer> {
    const { method = 'GET', ...options } = this.options
    const { call } = this.record
    this.site.allow(call)
    this.attempt?.close()
    const attempt = (this.attempt = this.scope.child())
    attempt.throwIfCancelled()
    const stop = this.lateAfter(Math.min(this.backend.timeoutMs, options.timeoutMs ?? Infinity))
    try {
      const answer = await this.site.transport.send(
        streamRequest(this.name, this.backend, this.site, {
          call,
          method,
          path: this.path,
          options,
          headers: { accept: ACCEPT, ...(this.lastEventId !== '' && { 'last-event-id': this.lastEventId }) },
          signal: attempt.signal,
          record: this.record,
        }),
      )
      this.record.status = answer.status
      // Throws what the backend said.
      if (answer.status > 299) resultOf(call, answer, await answer.body.bytes(this.backend.limitBytes))
      return answer
    } finally {
      stop()
    }
  }

  private lateAfter(ms: number): () => void {
    if (ms === Infinity) return () => undefined
    return this.site.request.clock.after(ms, () =>
      this.attempt?.cancel(new CallFailure('http_response_timeout', this.record.call)),
    )
  }

  private pause(): Promise<void> {
    const ms = Math.min(MOST_RETRY_MS, this.backoffMs)
    this.backoffMs = Math.min(MOST_RETRY_MS, this.backoffMs * 2)
    const waiting = this.scope.child()
    return new Promise((resolve, reject) => {
      const stop = this.site.request.clock.after(ms, () => {
        waiting.close()
        resolve()
      })
      waiting.onCancel = reason => {
        stop()
        reject(reason)
      }
    })
  }

  private ended(outcome: string): void {
    if (this.record.outcome !== null) return
    this.record.outcome = outcome
    this.record.endedMs = this.site.request.clock.now()
    this.scope.onCancel = null
    this.scope.cancel(new CallFailure('cancelled', this.record.call, 'it has ended'))
    this.scope.close()
    this.site.ended(this.record)
  }
}

/** A backend that answers 4xx would do so again, and so would one that does not keep its contract. */
function isWorthRepeating(error: unknown): boolean {
  if (!(error instanceof CallFailure)) return false
  const status = error.answer?.status
  if (status !== undefined) return status >= 500 || status === 429
  return !['backend_response_invalid', 'http_response_body_size', 'path_parameter_refused'].includes(
    error.failure,
  )
}
