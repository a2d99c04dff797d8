import type { Duplex } from 'node:stream'
import { Seen } from './until.ts'

/** What has come on a tunnel's socket: its head, and all of it so far. */
export interface TunnelReader {
  readonly head: string
  /** Resolves with everything so far as soon as the condition holds. */
  until(condition: RegExp): Promise<string>
  /** Resolves with everything when the other side has ended. */
  readonly ended: Promise<string>
}

/** Reads a socket from its beginning; resolves with the head. Not for tests that read slowly. */
export async function readTunnel(socket: Duplex): Promise<TunnelReader> {
  const texts = new Seen<string>()
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    texts.push(text)
  })
  const ended = new Promise<string>(resolve => {
    for (const event of ['end', 'close'] as const) socket.on(event, () => resolve(text))
  })
  const until = (condition: RegExp): Promise<string> => texts.first(all => condition.test(all))
  const over = ended.then(all => Promise.reject(new Error(`ended after ${JSON.stringify(all)}`)))
  over.catch(() => {})
  const first = await Promise.race([until(/\r\n\r\n/), over])
  return { head: first.slice(0, first.indexOf('\r\n\r\n') + 4), until, ended }
}
