import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { listens } from './listens.ts'
import { freePort } from './process.ts'

/** A real HAProxy. In front it passes the bytes of connections on, each behind a header of its own (`send-proxy`, `send-proxy-v2`). */
export class Haproxy implements AsyncDisposable {
  readonly port: number
  private readonly child: ChildProcess
  private readonly folder: string

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port
    this.child = child
    this.folder = folder
  }

  static async before(program: string, backendPort: number, options: string): Promise<Haproxy> {
    return Haproxy.start(program, 'mode tcp', '', `server gateway 127.0.0.1:${backendPort} ${options}`)
  }

  /** A backend that wants a PROXY header on each connection, and answers each request with the client and the ports that it was told. */
  static behind(program: string, bind: string, pem: string): Promise<Haproxy> {
    const answer = 'lf-string "%[src] %[src_port] %[dst_port]"'
    const lines = `http-request return status 200 content-type text/plain ${answer}`
    return Haproxy.start(program, 'mode http', `accept-proxy ${bind}`, lines, pem)
  }

  private static async start(
    program: string,
    mode: string,
    bind: string,
    lines: string,
    pem = '',
  ): Promise<Haproxy> {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-haproxy-'))
    const port = await freePort()
    const config = join(folder, 'haproxy.cfg')
    const certificate = join(folder, 'pair.pem')
    writeFileSync(certificate, pem)
    writeFileSync(
      config,
      `defaults
  ${mode}
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen all
  bind 127.0.0.1:${port} ${bind.replace('PAIR', certificate)}
  ${lines}
`,
    )
    const child = spawn(program, ['-db', '-f', config], { stdio: 'ignore' })
    const haproxy = new Haproxy(port, child, folder)
    while (!(await haproxy.listens())) await setTimeout(10)
    return haproxy
  }

  private async listens(): Promise<boolean> {
    if (this.child.exitCode !== null) throw new Error(`haproxy ended with ${this.child.exitCode}`)
    return listens(this.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    rmSync(this.folder, { recursive: true })
  }
}
