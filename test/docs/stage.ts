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
import { fileURLToPath } from 'node:url'
import { startServices, writtenPorts, type Services } from '../../examples/tasks/services.ts'
import { freePort } from '../support/process.ts'
import { Seen } from '../support/until.ts'
import type { Page } from './page.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Where a page's commands are tried: a folder with its files, the services behind the gateway, and a shell. */
export class Stage implements AsyncDisposable {
  private readonly folder = mkdtempSync(join(tmpdir(), 'portcullis-page-'))
  private readonly services: Services
  /** Ports as pages have them, and those that stand for them here. */
  private readonly ports: ReadonlyMap<string, string>
  private readonly running: ChildProcess[] = []

  private constructor(services: Services, ports: ReadonlyMap<string, string>, page: Page) {
    this.services = services
    this.ports = ports
    for (const name of ['examples', 'node_modules']) symlinkSync(join(root, name), join(this.folder, name))
    for (const name of ['bin', 'portcullis']) mkdirSync(join(this.folder, name))
    symlinkSync(join(root, 'bin/portcullis'), join(this.folder, 'bin/portcullis'))
    // As in a terminal, where it shows no progress of so short a transfer that is printed.
    writeFileSync(join(this.folder, '.curlrc'), 'no-progress-meter\n')
    for (const [name, yaml] of Object.entries(page.files))
      writeFileSync(join(this.folder, name), this.here(yaml))
  }

  static async set(page: Page): Promise<Stage> {
    const services = await startServices({ shop: 0, next: 0, api: 0, login: 0, grpc: 0, room: 0 })
    const ports = new Map<string, string>()
    for (const [name, written] of Object.entries(writtenPorts))
      ports.set(String(written), String(services.ports[name as keyof typeof writtenPorts]))
    // In the same order, since check shows ports by number.
    const free = await Promise.all([freePort(), freePort(), freePort()])
    ports.set('9999', String(await freePort()))
    free.sort((a, b) => a - b).forEach((port, i) => ports.set(['8080', '8443', '8900'][i]!, String(port)))
    return new Stage(services, ports, page)
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

  /** With the ports of here in place of the page's. */
  private here(page: string): string {
    return replaceWords(page, this.ports)
  }

  private written(output: string): string {
    return replaceWords(output, new Map([...this.ports].map(([written, here]) => [here, written])))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.running) {
      const ended = once(child, 'close')
      if (child.exitCode === null && child.kill('SIGTERM')) await ended
    }
    this.services.close()
    rmSync(this.folder, { recursive: true })
  }
}

function replaceWords(whole: string, words: ReadonlyMap<string, string>): string {
  return whole.replaceAll(/\b\d{4,5}\b/g, number => words.get(number) ?? number)
}
