import type { Http2Limits } from './limits.ts'
import { ReceiveWindow } from './receive-window.ts'
import { INITIAL_WINDOW } from './sender.ts'
import type { SharedStreams } from './shared-streams.ts'
import type { StreamWindowOwner } from './stream-window.ts'

/** What a connection's window needs of it. */
export interface WindowOwner {
  readonly limits: Http2Limits
  /** Of this worker. */
  readonly shared: SharedStreams
  /** Milliseconds, precise. */
  now(): number
  /** Tells the peer, at the end of the turn, that it may send so much more. */
  sendWindow(increment: number): void
}

/** The receive window of a connection: what all of its streams share, and by how much those may grow (docs/adr/0016). */
export class ConnectionWindow extends ReceiveWindow implements StreamWindowOwner {
  /** See StreamWindowOwner. */
  openBytes = 0
  readonly shared: SharedStreams
  private readonly owner: WindowOwner
  /** By how much the windows of streams have grown, and with them the connection's. */
  private grownBytes = 0
  /** What of this connection is counted as granted. */
  private granted = 0

  constructor(owner: WindowOwner) {
    super(INITIAL_WINDOW, Math.max(0, owner.limits.connectionWindowBytes - INITIAL_WINDOW))
    this.owner = owner
    this.shared = owner.shared
  }

  /** Tells the peer what it is owed, if that is worth a frame; `soon`: however little it is. */
  renew(soon = false): void {
    const increment = this.credit(Infinity, soon)
    if (increment > 0) this.owner.sendWindow(increment)
  }

  /** What the peer may send on the streams that it has, or, with what a window has grown, on new ones. */
  countGranted(): void {
    const { left } = this
    const most = left - this.owner.limits.connectionWindowBytes
    this.counted(Math.max(Math.min(left, this.openBytes), most, 0))
  }

  /** Nothing more comes. */
  release(): void {
    this.counted(0)
  }

  private counted(granted: number): void {
    this.shared.grantedBytes += granted - this.granted
    this.granted = granted
  }

  // StreamWindowOwner.

  now(): number {
    return this.owner.now()
  }

  growth(bytes: number): number {
    const { windowMaxBytes, growthBytes } = this.owner.limits
    const most = Math.min(bytes, windowMaxBytes - bytes, growthBytes - this.grownBytes)
    return most > 0 && this.shared.hasRoom(most) ? most : 0
  }

  widen(bytes: number): void {
    this.grownBytes += bytes
    this.consume(bytes)
    this.renew(true)
    this.countGranted()
  }

  narrow(bytes: number): void {
    this.grownBytes -= bytes
    this.shrink(bytes)
  }
}
