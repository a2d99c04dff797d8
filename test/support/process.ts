import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Seen } from './until.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Where ports for tests begin, and how many: below the ones that systems give to outgoing connections. */
const firstPort = 10_000
const portCount = 20_000
let nextPort = (process.pid * 97) % portCount

/** Who has which port, by the id of its process: several look for theirs at the same time. */
const taken = join(tmpdir(), 'portcullis-test-ports')
const ours = new Set<string>()
process.once('exit', () => ours.forEach(path => rmSync(path, { force: true })))

/**
 * A port that nobody listens on, for a program that is told which one to take. The system's own choice (port 0) would
 * not do: between asking and using it, any connection that begins on this machine may be given the same number.
 */
export async function freePort(): Promise<number> {
  mkdirSync(taken, { recursive: true })
  for (let tried = 0; tried < portCount; tried++) {
    const port = firstPort + nextPort
    nextPort = (nextPort + 1) % portCount
    if (take(join(taken, String(port))) && (await isFree(port))) return port
  }
  throw new Error('no port is free')
}

/** Of one whose process has ended without a word it may be taken over. */
function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
  } catch {
    if (isAlive(path)) return false
    writeFileSync(path, String(process.pid))
  }
  ours.add(path)
  return true
}

function isAlive(path: string): boolean {
  try {
    return process.kill(Number(readFileSync(path, 'utf8')), 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH'
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port)
  const free = await new Promise<boolean>(resolve => {
    server.on('listening', () => resolve(true)).on('error', () => resolve(false))
  })
  if (free) server.close()
  if (free) await once(server, 'close')
  return free
}

/**
 * Nothing of a test is left in the home of who runs it. One process alone has what is there, and those beside it do
 * without: a test that needs a folder of data names its own.
 */
const ownState = fileURLToPath(new URL('../../.portcullis/test', import.meta.url))

export type LogLine = Readonly<Record<string, unknown>>

/** A folder of resources that goes with the test. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'portcullis-test-'))

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  /** As editors and deployments write: a new file is renamed over the old one. `name` may be below folders. */
  write(name: string, text: string): void {
    const file = join(this.path, name)
    const hidden = join(dirname(file), `.${basename(file)}.new`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(hidden, text)
    renameSync(hidden, file)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** `portcullis run` as a process of its own, with its admin listener on a free port. */
export class RunProcess implements AsyncDisposable {
  readonly child: ChildProcess
  readonly admin: number
  /** Standard error, line by line; what is no JSON has the text as `text`. */
  readonly log = new Seen<LogLine>()
  /** Standard output: the access log. */
  readonly access = new Seen<LogLine>()
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | string | null>

  private constructor(
    args: readonly string[],
    admin: number,
    openFiles: number | null = null,
    env: Readonly<Record<string, string>> = {},
    folder: string = process.cwd(),
  ) {
    this.admin = admin
    const command = [process.execPath, main, 'run', ...args]
    const limited = openFiles === null ? [] : ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh']
    const [program, ...rest] = [...limited, ...command]
    this.child = spawn(program!, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, XDG_STATE_HOME: ownState, ...env },
      cwd: folder,
    })
    this.ended = once(this.child, 'close').then(
      ([code, signal]: (number | string | null)[]) => code ?? signal ?? null,
    )
    for (const [stream, seen] of [
      [this.child.stderr, this.log],
      [this.child.stdout, this.access],
    ] as const)
      if (stream !== null) createInterface(stream).on('line', line => seen.push(parse(line)))
  }

  static async start(paths: readonly string[], ...args: readonly string[]): Promise<RunProcess> {
    const admin = await freePort()
    const own = args.includes('--admin') ? [] : ['--admin', `127.0.0.1:${admin}`]
    return new RunProcess([...paths, ...own, ...args], admin)
  }

  /** The same, with these variables in its environment. */
  static async startWith(
    env: Readonly<Record<string, string>>,
    paths: readonly string[],
    ...args: readonly string[]
  ): Promise<RunProcess> {
    const admin = await freePort()
    const own = args.includes('--admin') ? [] : ['--admin', `127.0.0.1:${admin}`]
    return new RunProcess([...paths, ...own, ...args], admin, null, env)
  }

  /** The same, in a folder, by which `paths` go. */
  static async startIn(
    folder: string,
    paths: readonly string[],
    ...args: readonly string[]
  ): Promise<RunProcess> {
    const admin = args.includes('--admin')
      ? Number(args[args.indexOf('--admin') + 1]?.split(':')[1])
      : await freePort()
    const own = args.includes('--admin') ? [] : ['--admin', `127.0.0.1:${admin}`]
    return new RunProcess([...paths, ...own, ...args], admin, null, {}, folder)
  }

  /** The same, with so many files that the process may have open. */
  static async startWithin(
    openFiles: number,
    paths: readonly string[],
    ...args: readonly string[]
  ): Promise<RunProcess> {
    const admin = await freePort()
    return new RunProcess([...paths, '--admin', `127.0.0.1:${admin}`, ...args], admin, openFiles)
  }

  /** Waits until it serves; rejects with its log when it ends before. */
  async started(): Promise<void> {
    await this.event('started')
  }

  /** The first log line, seen or still to come, of this event; rejects when the process ends without one. */
  async event(event: string, matches: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const found = this.log.first(line => line['event'] === event && matches(line))
    const end = this.ended.then(() => null)
    const line = await Promise.race([found, end])
    if (line !== null) return line
    throw new Error(`ended without ${event}:\n${this.log.all.map(one => JSON.stringify(one)).join('\n')}`)
  }

  get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.admin}${path}`)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    this.child.kill(signal)
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.ended
  }
}

function parse(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Told apart below.
  }
  return { text: line }
}
