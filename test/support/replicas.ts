import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request as requestHttp } from 'node:http'
import { connect, type ClientHttp2Session } from 'node:http2'
import { text } from 'node:stream/consumers'
import type { FaultyWire } from './faults.ts'

/** As most servers end: nobody new, idle connections closed, and what is under way to its end, which says that it is the last. */
const script = `
const [wire, address, port] = process.argv.slice(1)
const { createServer } = require(wire === 'h1' ? 'node:http' : 'node:http2')
const server = createServer((request, response) => {
  request.resume().on('end', () => setTimeout(() => {
    if (ending && wire === 'h1') response.setHeader('Connection', 'close')
    response.end(address)
  }, 5))
})
let ending = false
const sessions = new Set()
server.on('session', session => sessions.add(session.on('close', () => sessions.delete(session))))
process.on('SIGTERM', () => {
  ending = true
  server.close()
  for (const session of sessions) session.close()
})
server.listen(Number(port), address, () => require('node:fs').writeSync(1, 'ready'))`

/** One replica of a service: a process of its own, on an address of its own. It answers with that. */
export class Replica implements AsyncDisposable {
  readonly address: string
  private readonly child: ChildProcess
  private readonly ended: Promise<unknown>

  private constructor(address: string, child: ChildProcess) {
    this.address = address
    this.child = child
    this.ended = once(child, 'close')
  }

  /** Resolves when it is ready. */
  static async start(wire: FaultyWire, address: string, port: number): Promise<Replica> {
    const child = spawn(process.execPath, ['-e', script, '--', wire, address, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const replica = new Replica(address, child)
    await once(child.stdout, 'data')
    return replica
  }

  /** Asks it to end, and resolves when it has. */
  async end(): Promise<void> {
    this.child.kill('SIGTERM')
    await this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.ended
  }
}

/** Clients of both versions that ask without a pause, each on a connection that it keeps. Nobody asks twice. */
export class SteadyLoad {
  readonly failures: string[] = []
  /** Of each client. */
  private readonly answers: number[] = []
  /** Who answered last, of each client. */
  readonly last: string[] = []
  private going = true
  private readonly clients: Promise<void>[]
  private readonly agent = new Agent({ keepAlive: true })
  private readonly session: ClientHttp2Session

  constructor(port: number, methods: readonly string[]) {
    this.session = connect(`http://127.0.0.1:${port}`)
    this.clients = methods.flatMap((method, i) => [
      this.client(2 * i, method, () => this.http1(port, method)),
      this.client(2 * i + 1, method, () => this.http2(method)),
    ])
  }

  /** Resolves when every client has had so many answers more, or something has failed. */
  async more(count: number): Promise<void> {
    const wanted = this.answers.map(had => had + count)
    while (this.failures.length === 0 && wanted.some((least, i) => this.answers[i]! < least))
      await new Promise(resolve => setTimeout(resolve, 1))
  }

  async stop(): Promise<void> {
    this.going = false
    await Promise.all(this.clients)
    this.agent.destroy()
    this.session.destroy()
  }

  private async client(index: number, method: string, ask: () => Promise<string>): Promise<void> {
    this.answers[index] = 0
    while (this.going)
      try {
        this.last[index] = await ask()
        this.answers[index]!++
      } catch (error) {
        this.failures.push(`${method} after ${this.answers[index]} answers: ${String(error)}`)
        return
      }
  }

  private http1(port: number, method: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = requestHttp({ host: '127.0.0.1', port, method, agent: this.agent }, response => {
        text(response).then(body => {
          if (response.statusCode === 200) resolve(body)
          else reject(new Error(`${String(response.statusCode)}: ${body}`))
        }, reject)
      })
      asked.on('error', reject)
      asked.end(method === 'POST' ? 'body' : undefined)
    })
  }

  private async http2(method: string): Promise<string> {
    const stream = this.session.request({ ':path': '/', ':method': method }, { endStream: method !== 'POST' })
    if (method === 'POST') stream.end('body')
    const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }]
    const body = await text(stream)
    if (headers[':status'] !== 200) throw new Error(`${String(headers[':status'])}: ${body}`)
    return body
  }
}
