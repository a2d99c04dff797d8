import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { Client } from 'pg'
import { requirePeer } from './peer.ts'
import { Seen } from './until.ts'

const isRoot = process.getuid?.() === 0

/** A PostgreSQL of its own on a Unix socket in a temporary folder, with nothing in it. */
export class Postgres implements AsyncDisposable {
  readonly folder: string
  readonly log = new Seen<string>()
  private readonly program: string
  private child: ChildProcess | null = null

  private constructor(program: string, folder: string) {
    this.program = program
    this.folder = folder
  }

  /** Null where there is no PostgreSQL: the test is skipped then, and fails in CI. */
  static async start(t: Pick<TestContext, 'skip'>): Promise<Postgres | null> {
    const found = requirePeer(t, 'postgres')
    if (found === null) return null
    const program = realpathSync(found)
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-pg-'))
    if (isRoot) execFileSync('chown', ['nobody', folder])
    chmodSync(folder, 0o700)
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    const options = ['-D', join(folder, 'data'), '-U', 'portcullis', '-A', 'trust', '-E', 'UTF8']
    const [command, ...args] = unprivileged(join(dirname(program), 'initdb'), ...options, '--no-sync')
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder })
    const postgres = new Postgres(program, folder)
    await postgres.up()
    return postgres
  }

  /** What a connection of ours begins with. */
  url(database = 'postgres'): string {
    return `postgres://portcullis@localhost/${database}?host=${encodeURIComponent(this.folder)}`
  }

  /** A new one, empty. */
  async database(name: string): Promise<string> {
    const client = new Client({ connectionString: this.url(), connectionTimeoutMillis: 30_000 })
    await client.connect()
    await client.query(`create database ${client.escapeIdentifier(name)}`)
    await client.end()
    return this.url(name)
  }

  /** Starts it with what was there. Who was killed leaves processes that must notice it first. */
  async up(): Promise<void> {
    for (;;) {
      const child = this.spawn()
      const from = this.log.all.length
      const isReady = (line: string): boolean =>
        line.includes('ready to accept connections') && this.log.all.indexOf(line, from) !== -1
      const ended = once(child, 'exit').then(() => null)
      if ((await Promise.race([this.log.first(isReady), ended])) !== null) return
      const why = this.log.all.slice(from).join('\n')
      if (!/is still in use|could not bind|lock file/.test(why))
        throw new Error(`postgres has ended:\n${why}`)
      await setTimeout(20)
    }
  }

  /** By default as a crash would. Resolves when nobody answers any more, on connections that are open either. */
  async down(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const processes = this.processes()
    const { child } = this
    this.child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    // Who waits for it stays until it is gone.
    child.ref()
    child.kill(signal)
    await exited
    // Those of its connections notice by themselves that it was killed, and may answer what comes before that.
    while (processes.some(isRunning)) await setTimeout(5)
  }

  /** Nothing answers, and nothing is refused: as where the network is cut, or the machine hangs. */
  freeze(): void {
    for (const pid of this.processes()) send(pid, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of this.processes()) send(pid, 'SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw()
    await this.down('SIGQUIT')
    rmSync(this.folder, { recursive: true, force: true })
  }

  private spawn(): ChildProcess {
    const settings = [
      'listen_addresses=',
      `unix_socket_directories=${this.folder}`,
      'max_connections=60',
      'shared_buffers=16MB',
      // Nothing here outlives the machine. A crash of the program loses nothing by it.
      'fsync=off',
    ]
    const [command, ...args] = unprivileged(this.program, '-D', join(this.folder, 'data'))
    const child = spawn(command, [...args, ...settings.flatMap(one => ['-c', one])], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: this.folder,
      env: { ...process.env, LC_ALL: 'C' },
    })
    // A test that has been given up must end, and must leave nothing behind.
    child.unref()
    process.once('exit', () => child.kill('SIGKILL'))
    createInterface(child.stderr!).on('line', line => this.log.push(line))
    this.child = child
    return child
  }

  /** The server's own and those of its connections, which are its children in sessions of their own. */
  private processes(): number[] {
    const parent = this.child?.pid
    if (parent === undefined) return []
    const children = readdirSync('/proc').filter(name => /^\d+$/.test(name) && parentOf(name) === parent)
    return [parent, ...children.map(Number)]
  }
}

/** It refuses to run as root. */
function unprivileged(program: string, ...args: readonly string[]): [string, ...string[]] {
  if (!isRoot) return [program, ...args]
  return ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', program, ...args]
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // A connection's may have ended a moment ago.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const parentOf = (pid: string): number | null => statusOf(pid)?.parent ?? null

/** Nobody may have asked for the end of one whose parent has gone before it. */
const isRunning = (pid: number): boolean => (statusOf(pid)?.state ?? 'Z') !== 'Z'

/** Null where it has ended. */
function statusOf(pid: number | string): { readonly state: string; readonly parent: number } | null {
  try {
    const [state = '', parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return { state, parent: Number(parent) }
  } catch {
    return null
  }
}
