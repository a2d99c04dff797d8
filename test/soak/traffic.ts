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

/** By events: to an iterator a stream of node:http2 that closes before it was read has ended too early. */
function read(body: Readable, take: (piece: Buffer) => unknown, slowly: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    body.on('end', resolve)
    body.on('error', reject)
    body.on('aborted', () => reject(new Error('the response was broken off')))
    body.on('data', (piece: Buffer) => {
      take(piece)
      if (!slowly) return
      body.pause()
      setTimeout(() => body.resume(), random(10))
    })
  })
}
