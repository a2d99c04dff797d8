import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startServices, writtenPorts, type Services } from '../../examples/tasks/services.ts'
import { requirePeer } from '../support/peer.ts'
import { Postgres } from '../support/postgres.ts'
import { freePort } from '../support/process.ts'
import { RedisServer } from '../support/redis.ts'
import { Seen } from '../support/until.ts'
import type { Page } from './page.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Where a page's commands are tried: a folder with its files, the services behind the gateway, and a shell. */
export class Stage implements AsyncDisposable {
  private readonly folder = mkdtempSync(join(tmpdir(), 'portcullis-page-'))
  private readonly services: Services
  private readonly stores: Stores
  /** Ports as pages have them, and those that stand for them here. */
  private readonly ports: ReadonlyMap<string, string>
  private readonly running: ChildProcess[] = []

  private constructor(services: Services, stores: Stores, ports: ReadonlyMap<string, string>, page: Page) {
    this.services = services
    this.stores = stores
    this.ports = ports
    for (const name of ['examples', 'node_modules']) symlinkSync(join(root, name), join(this.folder, name))
    for (const name of ['bin', 'portcullis']) mkdirSync(join(this.folder, name))
    symlinkSync(join(root, 'bin/portcullis'), join(this.folder, 'bin/portcullis'))
    // As in a terminal, where it shows no progress of so short a transfer that is printed.
    writeFileSync(join(this.folder, '.curlrc'), 'no-progress-meter\n')
    for (const [name, yaml] of Object.entries(page.files))
      writeFileSync(join(this.folder, name), this.here(yaml))
  }

  /** Null where a server that the page names is not on this machine: the test is skipped then. */
  static async set(page: Page, t: Pick<TestContext, 'skip'>): Promise<Stage | null> {
    const stores = await startStores(page, t)
    if (stores === null) return null
    const named = Object.entries(writtenPorts).filter(([, port]) => page.text.includes(String(port)))
    const services = await startServices(Object.fromEntries(named.map(([name]) => [name, 0])))
    const ports = new Map<string, string>()
    for (const [name, written] of named)
      ports.set(String(written), String(services.ports[name as keyof typeof writtenPorts]))
    // In the same order, since check shows ports by number.
    const own = ['8080', '8081', '8443', '8900', '8901']
    const free = await Promise.all(own.map(freePort))
    ports.set('9999', String(await freePort()))
    free.sort((a, b) => a - b).forEach((port, i) => ports.set(own[i]!, String(port)))
    if (stores.redis !== null) ports.set(writtenRedis, String(stores.redis.port))
    return new Stage(services, stores, ports, page)
  }

  /** Both streams of a command of the page, with the page's ports, and its exit code. */
  async run(command: string): Promise<{ readonly output: string; readonly code: number | null }> {
    const child = this.shell(`exec 2>&1; ${this.here(command)}`)
    const ended = once(child, 'close')
    const output = await text(child.stdout!)
    const [code] = (await ended) as [number | null]
    if (command.startsWith('portcullis import')) this.adopt()
    return { output: this.written(output.replaceAll('\r', '')), code }
  }

  /** What a command has written has the ports that it knows by itself. */
  private adopt(): void {
    const folder = join(this.folder, 'portcullis')
    for (const name of readdirSync(folder)) {
      const file = join(folder, name)
      writeFileSync(file, this.here(readFileSync(file, 'utf8')))
    }
  }

  /** `portcullis run …`: resolves when it serves. */
  async serve(command: string): Promise<void> {
    const child = this.shell(`exec 2>&1; exec ${this.here(command)} --workers 1`)
    this.running.push(child)
    const said = new Seen<string>()
    createInterface(child.stdout!).on('line', line => said.push(line))
    const ended = once(child, 'close').then(() => null)
    const started = await Promise.race([said.first(line => line.includes('"event":"started"')), ended])
    if (started === null) throw new Error(`${command} ended:\n${said.all.join('\n')}`)
  }

  private shell(command: string): ChildProcess {
    const { NO_COLOR: _, FORCE_COLOR: __, XDG_STATE_HOME: ___, ...inherited } = process.env
    return spawn('bash', ['-c', command], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...inherited,
        HOME: this.folder,
        PATH: [join(this.folder, 'bin'), process.env['PATH']].join(delimiter),
        PORTCULLIS_ADMIN: this.here('127.0.0.1:8900'),
      },
    })
  }

  /** What Ctrl-C does to the gateway that was started last. */
  async end(): Promise<void> {
    const child = this.running.pop()!
    const ended = once(child, 'close')
    if (child.exitCode === null && child.kill('SIGTERM')) await ended
  }

  /** With the ports of here in place of the page's. */
  private here(page: string): string {
    const { postgres } = this.stores
    return replaceWords(
      postgres === null ? page : page.replaceAll(writtenDatabase, postgres.url()),
      this.ports,
    )
  }

  private written(output: string): string {
    return replaceWords(output, new Map([...this.ports].map(([written, here]) => [here, written])))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.running.length > 0) await this.end()
    this.services.close()
    await this.stores.postgres?.[Symbol.asyncDispose]()
    await this.stores.redis?.[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true })
  }
}

/** Those that the page names. */
interface Stores {
  readonly postgres: Postgres | null
  readonly redis: RedisServer | null
}

const writtenDatabase = 'postgres://portcullis:portcullis@127.0.0.1:5432/portcullis'
const writtenRedis = '6379'

/** Null where one that the page names is not on this machine. */
async function startStores(page: Page, t: Pick<TestContext, 'skip'>): Promise<Stores | null> {
  const [namesPostgres, namesRedis] = [writtenDatabase, writtenRedis].map(one => page.text.includes(one))
  const program = namesRedis ? requirePeer(t, 'redis-server') : null
  if (namesRedis && program === null) return null
  const postgres = namesPostgres ? await Postgres.start(t) : null
  if (namesPostgres && postgres === null) return null
  return { postgres, redis: program === null ? null : await RedisServer.start(program) }
}

function replaceWords(whole: string, words: ReadonlyMap<string, string>): string {
  return whole.replaceAll(/\b\d{4,5}\b/g, number => words.get(number) ?? number)
}
