import type { FailureName } from '../../http/failures.ts'
import { ById } from '../../http/by-id.ts'
import {
  ANSWER,
  CREDIT,
  DATA,
  END,
  FAIL,
  GOING,
  LEAVING,
  LEFT,
  UPGRADE,
  type FromThread,
  type ToThread,
} from '../../shared/crossing/messages.ts'
import type { CrossingPort } from '../../shared/crossing/crossing-port.ts'
import { log } from '../../telemetry/log.ts'
import { Outbox } from '../../shared/crossing/outbox.ts'

type OfStream = Exclude<FromThread, readonly [typeof LEAVING, ...unknown[]]>

/** One request on it, as messages tell of it: a CrossingStream. */
export interface Crosser {
  readonly id: number
  /** Of both directions. */
  readonly waitingBytes: number
  answered(
    status: number,
    list: readonly string[],
    lengthBytes: number,
    body: string | Uint8Array | null,
    ended: boolean,
  ): void
  going(): void
  upgraded(list: readonly string[]): void
  received(bytes: Uint8Array): void
  ended(trailers: readonly string[] | null): void
  credited(bytes: number): void
  fail(failure: FailureName, detail: string): void
}

/** The way to one thread that answers requests: what a connection is to a backend, for any number of them at a time. */
export class Crossing {
  readonly outbox: Outbox<ToThread>
  /** Why nothing crosses any more; null as long as it does. */
  lost: { readonly failure: FailureName; readonly detail: string } | null = null
  /** The thread wants no more requests, but of those who hold it. */
  leaving = false
  private hasLeft = false
  private readonly isHeld: () => boolean
  private readonly port: CrossingPort
  private readonly streams = new ById<Crosser>()
  private lastId = 0

  constructor(port: CrossingPort, isHeld: () => boolean = () => false) {
    this.port = port
    this.isHeld = isHeld
    this.outbox = new Outbox(port)
    port.on('message', (batch: readonly FromThread[]) => this.receive(batch))
    port.on('close', () => this.lose('bundle_terminated', 'thread'))
    // It must not keep a worker that is to end.
    port.unref()
  }

  get open(): boolean {
    return this.lost === null && (!this.leaving || (!this.hasLeft && this.isHeld()))
  }

  /** Bytes that wait here for clients or for the thread. */
  get waitingBytes(): number {
    let bytes = 0
    for (const stream of this.streams.values()) bytes += stream.waitingBytes
    return bytes
  }

  /** The number of a request that begins. */
  nextId(): number {
    return ++this.lastId
  }

  add(stream: Crosser): void {
    this.streams.add(stream)
  }

  /** Nothing more comes of this request. */
  remove(id: number): void {
    this.streams.delete(id)
    this.tellLeft()
  }

  /** What is under way fails by this name, and nothing begins any more. */
  lose(failure: FailureName, detail: string): void {
    if (this.lost !== null) return
    this.lost = { failure, detail }
    this.port.close()
    for (const stream of this.streams.values()) stream.fail(failure, detail)
  }

  private receive(batch: readonly FromThread[]): void {
    for (const message of batch) {
      if (message[0] === LEAVING) this.leave()
      else this.tell(message)
    }
  }

  private leave(): void {
    this.leaving = true
    this.tellLeft()
  }

  /** Once nothing is under way, and nothing is to come. */
  tellLeft(): void {
    if (!this.leaving || this.hasLeft || this.streams.size > 0 || this.lost !== null || this.isHeld()) return
    this.hasLeft = true
    this.outbox.push([LEFT, 0])
  }

  private tell(message: OfStream): void {
    const stream = this.streams.get(message[1])
    // What is not there any more was given up while its answer was on the way.
    if (stream === undefined) return
    try {
      take(stream, message)
    } catch (error) {
      // The thread runs code of somebody else: what it says is input, and must not end a worker that serves everybody.
      log.error('bundle.unintelligible', { error })
      stream.fail('bundle_terminated', 'unintelligible')
    }
  }
}

function take(stream: Crosser, message: OfStream): void {
  switch (message[0]) {
    case ANSWER:
      return stream.answered(message[2], message[3], message[4], message[5], message[6])
    case DATA:
      return stream.received(message[2])
    case END:
      return stream.ended(message[2])
    case CREDIT:
      return stream.credited(message[2])
    case GOING:
      return stream.going()
    case UPGRADE:
      return stream.upgraded(message[2])
    case FAIL:
      return stream.fail(message[2], message[3])
  }
}
