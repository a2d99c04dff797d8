import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

/** What the clients of one protocol do; each throws where it does not get what it must. */
export interface Traffic {
  readonly kinds: Readonly<Record<string, () => Promise<void>>>
  /** Ends what is kept open. */
  close(): void
}

/** Where clients connect to: with `ca`, by TLS. */
export interface Target {
  readonly port: number
  readonly ca: string | null
}

/** The hosts that are served, each by upstreams that speak something else. */
export const hosts = ['h1.soak.test', 'h2c.soak.test', 'h2.soak.test'] as const

export const random = (below: number): number => Math.floor(Math.random() * below)

export function anyOf<T>(list: readonly T[]): T {
  return list[random(list.length)]!
}

/** A response's body, by its digest; a slow reader stops between pieces. */
export async function digest(body: Readable, slowly: boolean): Promise<string> {
  const hash = createHash('sha256')
  await read(body, piece => hash.update(piece), slowly)
  return hash.digest('hex')
}

export async function text(body: Readable): Promise<string> {
  let all = ''
  await read(body, piece => (all += piece.toString('latin1')), false)
  return all
}

/** What tells, of HTTP/2 and of HTTP/1, that a body has not come to its end. */
interface Closed extends Readable {
  readonly rstCode?: number
  readonly complete?: boolean
}

/** By events: to an iterator a stream of node:http2 that closes before it was read has ended too early. */
function read(body: Readable, take: (piece: Buffer) => unknown, slowly: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    // An empty one of node:http2 may end in the turn in which its head comes, before anybody could listen.
    if (body.readableEnded) return resolve()
    // Where it has ended, its close comes too late to say anything.
    body.on('end', resolve)
    body.on('error', reject)
    // Of an answered HTTP/2 request that is reset with CANCEL node:http2 tells nothing else.
    body.on('close', () => {
      const { rstCode = 0, complete = true } = body as Closed
      if (rstCode !== 0 || !complete) reject(new Error(`the response was broken off (${rstCode})`))
      else reject(new Error('the response was closed before it was read'))
    })
    body.on('data', (piece: Buffer) => {
      take(piece)
      if (!slowly) return
      body.pause()
      setTimeout(() => body.resume(), random(10))
    })
  })
}
