import type { AnswerContent, GatewayAnswer, GatewayRequest } from '../../../composition/engine/messages.ts'
import type { Tunnel } from '../../../composition/streams/tunnel.ts'
import {
  ANSWER,
  CREDIT,
  END,
  FAIL,
  GOING,
  ownMs,
  UPGRADE,
  WINDOW_BYTES,
  type FromThread,
  type REQUEST,
  type ToThread,
} from '../../../shared/crossing/messages.ts'
import { Canceller } from '../../../shared/cancellation.ts'
import { ownBytes, type Outbox } from '../../../shared/crossing/outbox.ts'
import type { Clock } from '../../../upstream/clock.ts'
import type { Holder, Holdings, Share } from './holdings.ts'
import { headersOf, listOf } from './headers.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'

/** Where it came by. */
export interface RequestOwner {
  readonly outbox: Outbox<FromThread>
  readonly holdings: Holdings
  over(id: number): void
}

/** What an engine reads when the client has gone. */
class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/** The same where the thread has given it up. */
class Displaced extends Error {
  override readonly name = 'Displaced'
}

/** One request that has crossed, and its answer on the way back. */
export class ServedRequest implements Holder {
  readonly id: number
  private readonly owner: RequestOwner
  private readonly request: GatewayRequest
  private readonly gone = new Canceller()
  private readonly share: Share
  private body: Incoming | null = null
  private out: Outgoing | null = null
  private made: AsyncIterator<Uint8Array> | null = null
  private isOver = false
  // Of a tunnel.
  private tunnel = false
  private outEnded = false
  private inEnded = false

  constructor(
    owner: RequestOwner,
    message: ToThread & readonly [typeof REQUEST, ...unknown[]],
    clock: Clock,
  ) {
    const [, id, method, target, fields, upgrade, deadlineMs, first, ended, client, spanHome] = message
    this.owner = owner
    this.id = id
    this.share = owner.holdings.begin(client, this, target.length + bytesOf(fields))
    if (first !== null || !ended) this.body = this.incoming(first, ended)
    this.request = {
      method,
      target,
      headers: headersOf(fields),
      body: this.body,
      signal: this.gone,
      client,
      holding: this.share,
      spanHome,
      deadlineMs: deadlineMs === Infinity ? undefined : clock.now() + ownMs(deadlineMs) - performance.now(),
      upgrade: upgrade.toLowerCase() === 'websocket' ? 'websocket' : undefined,
    }
  }

  /** Its body among it, as far as that is there. */
  get heldBytes(): number {
    return this.share.bytes
  }

  /** Never rejects. */
  async run(answer: (request: GatewayRequest) => Promise<GatewayAnswer>): Promise<void> {
    try {
      const made = await answer(this.request)
      if (!this.isOver) this.send(made)
      else if (isStream(made.body)) await returnFrom(made.body[Symbol.asyncIterator]())
    } catch (error) {
      this.fail(error)
    }
  }

  // What the other side tells.

  received(bytes: Uint8Array): void {
    this.body?.push(bytes)
  }

  ended(): void {
    this.inEnded = true
    this.body?.end()
    this.endTunnel()
  }

  credited(bytes: number): void {
    this.out?.credited(bytes)
  }

  /** Nobody waits for it any more. */
  cancelled(): void {
    if (!this.isOver) this.leave(new ClientGone('the client has gone'))
  }

  displaced(): void {
    if (this.isOver) return
    const reason = new Displaced('others need what it holds')
    this.owner.outbox.push([FAIL, this.id, 'bundle_overloaded', reason.message])
    this.leave(reason)
  }

  private leave(reason: Error): void {
    this.finish()
    this.gone.abort(reason)
    this.body?.fail(reason)
    this.out?.fail(reason)
    if (this.made !== null) void returnFrom(this.made)
  }

  // The answer.

  private send(answer: GatewayAnswer): void {
    const { id, owner } = this
    const { status, headers, body, tunnel } = answer
    const list = listOf(headers)
    if (status === 101) return this.upgrade(list, tunnel)
    if (!Number.isInteger(status) || status < 200 || status > 599)
      throw new TypeError(`${status} is no status of an answer`)
    if (this.request.method === 'HEAD' || status === 204 || status === 304)
      return this.sendBodiless(answer, list)
    if (answer.goesOn === true) owner.outbox.push([GOING, id])
    if (isStream(body)) return void this.stream(status, list, headers['content-length'], body)
    const bytes = typeof body === 'string' ? body : ownBytes(body)
    // What it makes of one or two bytes a character is at most three times as long.
    if (bytes.length > (typeof bytes === 'string' ? WINDOW_BYTES / 3 : WINDOW_BYTES))
      return void this.stream(status, list, undefined, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    owner.outbox.push(
      [ANSWER, id, status, list, bytes.length, bytes, true],
      typeof bytes === 'string' ? null : bytes,
    )
    this.finish()
  }

  /** What would be made of it is not asked for. */
  private sendBodiless({ status, body }: GatewayAnswer, list: readonly string[]): void {
    this.owner.outbox.push([ANSWER, this.id, status, list, 0, null, true])
    this.finish()
    if (isStream(body)) void returnFrom(body[Symbol.asyncIterator]())
  }

  /** As fast as the client takes it. */
  private async stream(
    status: number,
    list: readonly string[],
    contentLength: string | undefined,
    body: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { id, owner } = this
    const length = body instanceof Uint8Array ? body.byteLength : lengthOf(contentLength)
    owner.outbox.push([ANSWER, id, status, list, length, null, false])
    const out = (this.out = new Outgoing(owner.outbox, id, this.share))
    try {
      if (body instanceof Uint8Array) void out.write(body)
      else await this.pump(body, out)
      if (this.isOver) return
      // The client may take it slowly, and go meanwhile.
      out.end([END, id, trailersOf(body)], () => this.finish())
    } catch (error) {
      this.fail(error)
    }
  }

  private async pump(body: AsyncIterable<Uint8Array>, out: Outgoing): Promise<void> {
    const iterator = (this.made = body[Symbol.asyncIterator]())
    for (;;) {
      const next: IteratorResult<Uint8Array, unknown> = await iterator.next()
      if (next.done === true || this.isOver) break
      const room = out.write(next.value)
      if (room !== null) await room
    }
    this.made = null
  }

  private upgrade(list: readonly string[], open: GatewayAnswer['tunnel']): void {
    const { id, owner } = this
    if (open === undefined || this.request.upgrade === undefined)
      throw new TypeError('101 is an answer with a tunnel, to a request with `upgrade`')
    this.tunnel = true
    this.inEnded = false
    owner.outbox.push([UPGRADE, id, list])
    const out = (this.out = new Outgoing(owner.outbox, id, this.share))
    const incoming = (this.body = new Incoming(
      this.share,
      bytes => owner.outbox.push([CREDIT, id, bytes]),
      () => this.abortTunnel(),
    ))
    const tunnel: Tunnel = {
      incoming,
      write: bytes => out.write(bytes) ?? Promise.resolve(),
      end: () => {
        out.end([END, id, null], () => {
          this.outEnded = true
          this.endTunnel()
        })
      },
      abort: () => this.abortTunnel(),
    }
    open(tunnel)
  }

  private abortTunnel(): void {
    this.fail(new Error('the tunnel was given up'))
  }

  private endTunnel(): void {
    if (this.tunnel && this.outEnded && this.inEnded) this.finish()
  }

  private fail(error: unknown): void {
    if (this.isOver) return
    const text = textOf(error)
    const reason = error instanceof Error ? error : new Error(text)
    this.owner.outbox.push([FAIL, this.id, 'bundle_terminated', text])
    this.finish()
    this.body?.fail(reason)
    this.out?.fail(reason)
  }

  private finish(): void {
    if (this.isOver) return
    this.isOver = true
    this.share.end()
    this.owner.over(this.id)
  }

  private incoming(first: Uint8Array | null, ended: boolean): Incoming {
    const { id, owner } = this
    const body = new Incoming(this.share, bytes => owner.outbox.push([CREDIT, id, bytes]))
    if (first !== null) body.push(first)
    if (ended) body.end()
    return body
  }
}

/** What fields take as long as the request goes on, which may be days. */
function bytesOf(fields: readonly string[]): number {
  let bytes = 0
  for (const { length } of fields) bytes += length
  return bytes
}

/** What a bundle throws may be anything. */
function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'what it threw cannot be said'
  }
}

function isStream(body: AnswerContent): body is AsyncIterable<Uint8Array> {
  return typeof body !== 'string' && !(body instanceof Uint8Array)
}

/** To return early ends what makes it; what that throws nobody wants to know. */
async function returnFrom(iterator: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // It has ended.
  }
}

function lengthOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : -1
}

/** What came behind a body that was relayed (AnswerBody). */
function trailersOf(body: Uint8Array | AsyncIterable<Uint8Array>): readonly string[] | null {
  if (!('trailers' in body)) return null
  const list = listOf(body.trailers as Readonly<Record<string, string>>)
  return list.length === 0 ? null : list
}
