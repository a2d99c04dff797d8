import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { freePort } from './process.ts'

/** A real server of its own, which keeps nothing on disk. `program`: of requirePeer. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  private readonly program: string
  private readonly folder = mkdtempSync(join(tmpdir(), 'portcullis-redis-'))
  private process: ChildProcess | null = null

  private readonly more: readonly string[]

  private constructor(program: string, port: number, more: readonly string[]) {
    this.program = program
    this.port = port
    this.more = more
  }

  /** `more` of its settings, as of its command line. */
  static async start(program: string, more: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(program, await freePort(), more)
    await server.begin()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Again, after `kill`; it has forgotten everything. */
  async begin(): Promise<void> {
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    this.process = spawn(this.program, [...settings, ...this.more, '--dir', this.folder], { stdio: 'ignore' })
    while (!(await this.answers())) await later(10)
  }

  async kill(): Promise<void> {
    const { process } = this
    if (process === null || process.exitCode !== null || process.signalCode !== null) return
    process.kill('SIGKILL')
    await once(process, 'exit')
  }

  /** It keeps its connections, and answers nobody until `resume`. */
  pause(): void {
    this.process?.kill('SIGSTOP')
  }

  resume(): void {
    this.process?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async answers(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      socket.write('PING\r\n')
      const [answer] = (await once(socket, 'data')) as [Buffer]
      return /^\+PONG|^-NOAUTH/.test(answer.toString())
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }
}
