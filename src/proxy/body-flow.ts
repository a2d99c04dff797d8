import type { BodyHold, Transformed } from '../filters/body.ts'
import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import { BodyChain, type BodySink, type BodySource } from './body-chain.ts'
import { BodyRoom, type BodyOwner, type HeldBodies } from './held-bodies.ts'

/**
 * One body on its way past filters that want more of it than to let it pass.
 * Until it is opened, what comes is kept, or collected for a filter that holds
 * it; then it goes through the transforms of all filters, in their order, to its
 * receiver. Bodies of most exchanges have none of this, and no BodyFlow.
 */
export class BodyFlow {
  /** As it came, before anything of the flow. */
  receivedBytes = 0
  private readonly source: BodySource
  private readonly owner: BodyOwner
  private readonly held: HeldBodies
  private makes: Transformed['transform'][] = []
  private readonly chains: BodyChain[] = []
  private readonly collectors: Collector[] = []
  /** What has come before there was a chain to take it. */
  private early: Buffer[] = []
  private earlyEnd: { readonly trailers: Fields | null } | null = null
  private opened: BodySink | null = null
  /** The end of what came in one go was told, and there was nobody to tell it. */
  private owed = false

  constructor(source: BodySource, owner: BodyOwner, held: HeldBodies) {
    this.source = source
    this.owner = owner
    this.held = held
  }

  /** One more, behind those that are there. */
  transform(make: Transformed['transform']): void {
    this.makes.push(make)
  }

  /** Collects the body as the transforms so far leave it. `done` is told of all of it, or of null as soon as it is more than that. */
  hold(hold: BodyHold, done: (body: Buffer | null) => void): void {
    const collector = new Collector(hold.limitBytes, done, new BodyRoom(this.held, this.owner))
    this.link(collector)
    this.collectors.push(collector)
    this.begin()
  }

  /** The body that was collected last, if it is whole and nothing has been put behind it. */
  get whole(): Buffer | null {
    return this.makes.length > 0 ? null : (this.collectors.at(-1)?.whole ?? null)
  }

  /** Puts another body in the place of the one that was collected last. */
  replace(body: Buffer): void {
    this.collectors.at(-1)?.replace(body)
  }

  /** Who gets the body is known; nothing moves before `begin`. Throws where a transform cannot be made. */
  open(sink: BodySink): void {
    if (this.makes.length > 0 || this.collectors.length > 0) this.link(sink)
    this.opened = sink
  }

  /** What was kept goes on. */
  begin(): void {
    for (const collector of this.collectors) collector.release()
    const { early, earlyEnd } = this
    this.early = []
    this.earlyEnd = null
    for (const piece of early) this.write(piece, true)
    if (earlyEnd !== null) this.end(earlyEnd.trailers)
    else if ((early.length === 0 && !this.owed) || this.flush()) this.source.resume()
  }

  /** There is somebody to take what comes. */
  get linked(): boolean {
    return this.chains.length > 0 || this.opened !== null
  }

  /** Nothing stands between what comes and the receiver. */
  get direct(): boolean {
    return this.opened !== null && this.chains.length === 0
  }

  /** What was held is not ours any more. */
  settle(): void {
    for (const collector of this.collectors) collector.settle()
  }

  /** Nothing of it is needed any more: what comes can go to the receiver as it is. */
  get passed(): boolean {
    return this.direct && this.early.length === 0 && this.earlyEnd === null
  }

  // From the source.

  write(chunk: Buffer, lent: boolean): void {
    const entry = this.chains[0] ?? this.opened
    if (entry === null) this.early.push(lent ? chunk : Buffer.from(chunk))
    else entry.write(chunk, lent)
  }

  end(trailers: Fields | null): void {
    const entry = this.chains[0] ?? this.opened
    if (entry === null) this.earlyEnd = { trailers }
    else entry.end(trailers)
  }

  /** False: the source is to pause. */
  flush(): boolean {
    const entry = this.chains[0] ?? this.opened
    if (entry !== null) return entry.flush()
    this.owed = true
    return false
  }

  /** What has come so far, for who takes it in another way. */
  take(): { readonly pieces: readonly Buffer[]; readonly ended: boolean } {
    const taken = { pieces: this.early, ended: this.earlyEnd !== null }
    this.early = []
    this.earlyEnd = null
    return taken
  }

  /** The receiver takes more. */
  resume(): void {
    const last = this.chains.at(-1) ?? this.source
    last.resume()
  }

  destroy(): void {
    for (const chain of this.chains) chain.destroy()
    for (const collector of this.collectors) collector.destroy()
  }

  private link(sink: BodySink): void {
    const before = this.collectors.at(-1)
    const chain = new BodyChain(this.makes, before ?? this.source, sink)
    this.makes = []
    this.chains.push(chain)
    before?.precede(chain, this.chains.at(-2)!)
  }
}

const BLOCK_BYTES = 16 * 1024

/** Holds what comes until it is all there; from then on it is the source of what follows. */
class Collector implements BodySink, BodySource {
  private readonly limitBytes: number
  private readonly done: (body: Buffer | null) => void
  private readonly room: BodyRoom
  private pieces: Buffer[] = []
  private block: Buffer | null = null
  private used = 0
  private bytes = 0
  private told = false
  private ended: { readonly trailers: Fields | null } | null = null
  private body: Buffer | null = null
  private before: BodySource | null = null
  private next: BodySink | null = null
  private released = false

  constructor(limitBytes: number, done: (body: Buffer | null) => void, room: BodyRoom) {
    this.limitBytes = limitBytes
    this.done = done
    this.room = room
  }

  get whole(): Buffer | null {
    return this.body
  }

  write(chunk: Buffer, lent: boolean): void {
    if (this.released) return this.next!.write(chunk, lent)
    this.bytes += chunk.length
    this.keep(chunk, lent)
    this.room.grow(chunk.length)
    if (this.bytes > this.limitBytes) this.tell(null)
  }

  /** More than it may hold waits until it goes on. */
  flush(): boolean {
    return this.released ? this.next!.flush() : this.bytes <= this.limitBytes
  }

  end(trailers: Fields | null): void {
    if (this.released) return this.next!.end(trailers)
    this.ended = { trailers }
    if (this.told) return
    this.body = Buffer.concat(this.taken())
    this.pieces = [this.body]
    this.tell(this.body)
  }

  replace(body: Buffer): void {
    this.body = body
    this.pieces = [body]
  }

  /** What follows is known, and who comes before. */
  precede(next: BodySink, before: BodySource): void {
    this.next = next
    this.before = before
  }

  /** Hands on what it has, where it is known to whom. */
  release(): void {
    const { next, ended } = this
    if (this.released || next === null) return
    this.released = true
    for (const piece of this.taken()) if (piece.length > 0) next.write(piece, true)
    if (ended !== null) next.end(ended.trailers)
    else if (next.flush()) this.resume()
  }

  resume(): void {
    this.before?.resume()
  }

  fail(failure: FailureName, detail: string): void {
    this.before?.fail(failure, detail)
  }

  settle(): void {
    this.room.release()
  }

  destroy(): void {
    this.taken()
    this.body = null
    this.room.release()
  }

  /** Small pieces are laid together: each would be an object of some hundred bytes. */
  private keep(chunk: Buffer, lent: boolean): void {
    if (chunk.length >= BLOCK_BYTES / 4) {
      this.closeBlock()
      this.pieces.push(lent ? chunk : Buffer.from(chunk))
      return
    }
    if (this.used + chunk.length > BLOCK_BYTES) this.closeBlock()
    this.block ??= Buffer.allocUnsafe(BLOCK_BYTES)
    this.used += chunk.copy(this.block, this.used)
  }

  private closeBlock(): void {
    if (this.block !== null) this.pieces.push(this.block.subarray(0, this.used))
    this.block = null
    this.used = 0
  }

  private taken(): Buffer[] {
    this.closeBlock()
    const { pieces } = this
    this.pieces = []
    return pieces
  }

  private tell(body: Buffer | null): void {
    if (this.told) return
    this.told = true
    this.done(body)
  }
}
