import type { Clock } from '../../upstream/clock.ts'
import { SlowClient } from '../streams/bounded-queue.ts'
import { FrameSocket } from '../streams/frame-socket.ts'
import type { Frames } from '../streams/frames.ts'
import type { Tunnel } from '../streams/tunnel.ts'
import type { Feed, Piece, QueuedFeed } from './feed.ts'

export interface StreamSocketOptions {
  readonly tunnel: Tunnel
  readonly frames: Frames
  readonly clock: Clock
  readonly feed: Feed | QueuedFeed
  /** JSON of the problem that a failure is. */
  readonly problem: (error: unknown) => string
  readonly keepaliveMs: number
  readonly stallMs: number
}

/** A stream as a WebSocket: a message for each item, as JSON. What the client says is not listened to. */
export async function serveStream({
  tunnel,
  frames,
  clock,
  feed,
  problem,
  ...times
}: StreamSocketOptions): Promise<void> {
  const socket = new FrameSocket({
    tunnel,
    side: 'server',
    frames,
    clock,
    limits: { messageBytes: 1024, pingMs: times.keepaliveMs, stallMs: times.stallMs },
    slow: {},
  })
  void heard(socket)
  void socket.closed.then(() => feed.stop())
  for (;;) {
    const piece = await feed.next()
    if (piece.kind === 'end') return socket.close(1000)
    if (piece.kind === 'failed') return closeFor(piece.error, socket, problem)
    if (!(await socket.send(textOf(piece), null))) return feed.stop()
  }
}

async function heard(socket: FrameSocket): Promise<void> {
  while ((await socket.receive()) !== null);
}

const textOf = (piece: Extract<Piece, { kind: 'item' | 'gap' }>): string =>
  piece.kind === 'item' ? piece.json : JSON.stringify({ gap: { missed: piece.gap.missed } })

function closeFor(error: unknown, socket: FrameSocket, problem: (error: unknown) => string): void {
  if (error instanceof SlowClient) return socket.close(1013, error.message)
  socket.close(1011, (JSON.parse(problem(error)) as { readonly title: string }).title)
}
