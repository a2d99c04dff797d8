import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import { Authority } from './certificates.ts'
import { DnsServer } from './dns-server.ts'
import { Folder, freePort } from './process.ts'
import { Seen } from './until.ts'

export interface PebbleOptions {
  /** Where it looks for challenges. */
  readonly httpPort: number
  readonly tlsPort: number
  /** External accounts by id, base64url; with any, no account goes without. */
  readonly externalAccounts?: Readonly<Record<string, string>>
  readonly validitySeconds?: number
}

/** Let's Encrypt's server for tests, which really validates: it finds every name that `dns` has at this machine. */
export class Pebble implements AsyncDisposable {
  /** PEM of who has issued the certificate of the directory itself. */
  readonly authority: string
  readonly directoryUrl: string
  readonly dns: DnsServer
  readonly log = new Seen<string>()
  private readonly program: string
  private readonly folder: Folder
  private readonly dnsAddress: string
  private readonly management: number
  private child: ChildProcess | null = null

  private constructor(
    program: string,
    folder: Folder,
    authority: string,
    dns: DnsServer,
    dnsAddress: string,
    port: number,
    management: number,
  ) {
    this.program = program
    this.folder = folder
    this.authority = authority
    this.dns = dns
    this.dnsAddress = dnsAddress
    this.management = management
    this.directoryUrl = `https://127.0.0.1:${port}/dir`
  }

  /** `names` are those that its DNS server has. */
  static async start(program: string, names: readonly string[], options: PebbleOptions): Promise<Pebble> {
    const pebble = await Pebble.prepare(program, names, options)
    await pebble.up()
    return pebble
  }

  /** The same, not started yet. */
  static async prepare(program: string, names: readonly string[], options: PebbleOptions): Promise<Pebble> {
    const authority = await Authority.make('of the directory')
    const pair = await authority.issue({ ips: ['127.0.0.1'], names: ['localhost'] })
    const [port, management] = [await freePort(), await freePort()]
    const folder = new Folder({ 'cert.pem': pair.chain, 'key.pem': pair.key })
    const { externalAccounts = {}, validitySeconds = 7_776_000, httpPort, tlsPort } = options
    const config = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: `${folder.path}/cert.pem`,
      privateKey: `${folder.path}/key.pem`,
      httpPort,
      tlsPort,
      externalAccountBindingRequired: Object.keys(externalAccounts).length > 0,
      externalAccountMACKeys: externalAccounts,
      domainBlocklist: ['blocked.example'],
      retryAfter: { authz: 1, order: 1 },
      keyAlgorithm: 'ecdsa',
      profiles: { default: { description: 'of the test', validityPeriod: validitySeconds } },
    }
    folder.write('config.json', JSON.stringify({ pebble: config }))
    const dns = new DnsServer()
    const dnsAddress = await dns.listen()
    for (const name of names) dns.records.set(name, ['127.0.0.1'])
    return new Pebble(program, folder, authority.root, dns, dnsAddress, port, management)
  }

  /** Starts it, with nothing of what it knew before. */
  async up(): Promise<void> {
    this.child = spawn(
      this.program,
      ['-config', `${this.folder.path}/config.json`, '-dnsserver', this.dnsAddress, '-strict'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        // It sleeps before it validates, and takes some authorizations as given, to surprise clients.
        env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0' },
      },
    )
    // A test that has been given up must end, and must leave nothing behind.
    this.child.unref()
    const { child } = this
    process.once('exit', () => child.kill('SIGKILL'))
    createInterface(this.child.stdout!).on('line', line => this.log.push(line))
    // It says that it listens before it does.
    while (this.child.exitCode === null) {
      if ((await this.get('/roots/0').catch(() => '')) !== '') return
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    throw new Error(`pebble has ended:\n${this.log.all.slice(-10).join('\n')}`)
  }

  async down(): Promise<void> {
    const { child } = this
    if (child === null) return
    this.child = null
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** PEM of who issues the certificates. */
  root(): Promise<string> {
    return this.get('/roots/0')
  }

  /** Orders that it has been given. */
  get orders(): number {
    return this.log.all.filter(line => line.includes('Added order')).length
  }

  private async get(path: string): Promise<string> {
    const request = get(`https://127.0.0.1:${this.management}${path}`, {
      ca: this.authority,
      agent: false,
      // What begins as it starts up may never be answered.
      timeout: 2_000,
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return text(response)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
    this.dns.close()
    this.folder[Symbol.dispose]()
  }
}
