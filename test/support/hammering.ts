// A program of its own: clients that ask again as soon as they are answered, whatever that was.
import { connect, type Socket } from 'node:net'
import process, { argv } from 'node:process'

/** What one of its runs is to do: so many connections for each path. */
export interface Hammering {
  readonly port: number
  readonly connections: number
  readonly paths: readonly string[]
}

/** What came of one path; they are told in the order of the paths. */
export interface Hammered {
  served: number
  /** 503 with Retry-After. */
  refused: number
  /** All else. */
  odd: number
}

function hammer({ port, connections, paths }: Hammering): void {
  const all = paths.map(() => ({ served: 0, refused: 0, odd: 0 }))
  for (const [at, path] of paths.entries()) {
    const tally = all[at]!
    for (let i = 0; i < connections; i++) ask(connect({ port, host: '127.0.0.1' }), path, tally)
  }
  // Whoever has started it ends it.
  setInterval(() => process.send!(all), 100)
}

function ask(socket: Socket, path: string, tally: Hammered): void {
  const request = `GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`
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
    socket.write(request)
  })
}

if (import.meta.main) hammer(JSON.parse(argv[2]!) as Hammering)
