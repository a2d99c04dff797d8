// A program of its own: clients that ask again when they are answered, whatever that was.
import { connect, type Socket } from 'node:net'
import process, { argv } from 'node:process'

/** What one of its runs is to do. */
export interface Hammering {
  readonly port: number
  readonly crowds: readonly Crowd[]
}

/** Those who ask for the same thing, each on a connection of its own. */
export interface Crowd {
  readonly path: string
  readonly connections: number
  /** What a proxy says of who they are (X-Forwarded-For). */
  readonly address?: string
  /** How long each of them waits when it is answered; absent: it does not. */
  readonly restMs?: number
}

/** What came of one crowd; they are told in their order. */
export interface Hammered {
  served: number
  /** 503 with Retry-After. */
  refused: number
  /** All else. */
  odd: number
}

function hammer({ port, crowds }: Hammering): void {
  const all = crowds.map(() => ({ served: 0, refused: 0, odd: 0 }))
  for (const [at, crowd] of crowds.entries())
    for (let i = 0; i < crowd.connections; i++) ask(connect({ port, host: '127.0.0.1' }), crowd, all[at]!)
  // Whoever has started it ends it.
  setInterval(() => process.send!(all), 100)
}

function ask(socket: Socket, { path, address, restMs = 0 }: Crowd, tally: Hammered): void {
  const says = address === undefined ? '' : `X-Forwarded-For: ${address}\r\n`
  const request = `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${says}\r\n`
  let text = ''
  socket.on('connect', () => socket.write(request))
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const head = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/.exec(text)
    const length = Number(/content-length: (\d+)/i.exec(head?.[0] ?? '')?.[1])
    if (head === null || text.length < head[0].length + length) return
    if (head[1] === '200') tally.served++
    else if (head[1] === '503' && /\r\nretry-after: \d/i.test(head[0])) tally.refused++
    else tally.odd++
    text = ''
    if (restMs === 0) socket.write(request)
    else setTimeout(() => socket.write(request), restMs)
  })
}

if (import.meta.main) hammer(JSON.parse(argv[2]!) as Hammering)
