import { Agent, createServer, request, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { services, shopResources, type Ports } from './shop-resources.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'

interface Opening {
  /** Called with the data directory, before the gateway starts. */
  readonly prepare?: (data: string) => Promise<void>
  readonly args?: readonly string[]
  /** Further files. */
  readonly more?: Readonly<Record<string, string>>
}

/**
 * An invented shop, behind a real gateway: a dozen routes, some traffic, and a search that can be ended and begun again.
 * Its certificate ends in nine days.
 */
export class Shop implements AsyncDisposable {
  readonly ports: Ports
  readonly folder: Folder
  gateway: RunProcess
  private readonly server: Server
  private search: Server | null
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 })
  private shopping: Promise<void> | null = null
  private stopped = false
  private readonly args: readonly string[]

  private constructor(
    ports: Ports,
    folder: Folder,
    gateway: RunProcess,
    servers: readonly [Server, Server],
    args: readonly string[],
  ) {
    this.ports = ports
    this.folder = folder
    this.gateway = gateway
    this.server = servers[0]
    this.search = servers[1]
    this.args = args
  }

  static async open({ prepare, args = [], more = {} }: Opening = {}): Promise<Shop> {
    const [http, https] = [await freePort(), await freePort()]
    const [server, search] = [await serve(0, '0.0.0.0'), await serve(await freePort(), '0.0.0.0')]
    const ports = { http, https, services: portOf(server), search: portOf(search) }
    const folder = new Folder({ ...(await shopResources(ports)), ...more })
    const data = `${folder.path}/.data`
    await prepare?.(data)
    const all = [
      '--workers',
      '2',
      '--data',
      data,
      '--secrets',
      `${folder.path}/.secrets`,
      '--access-log',
      'off',
      ...args,
    ]
    const gateway = await RunProcess.startIn(folder.path, ['.'], ...all)
    await gateway.started()
    return new Shop(ports, folder, gateway, [server, search], all)
  }

  get admin(): string {
    return `http://127.0.0.1:${this.gateway.admin}`
  }

  /** The gateway again, where it was, with what it kept. */
  async restart(): Promise<void> {
    const { admin } = this.gateway
    this.gateway = await RunProcess.startIn(
      this.folder.path,
      ['.'],
      ...this.args,
      '--admin',
      `127.0.0.1:${admin}`,
    )
    await this.gateway.started()
  }

  /** The operator's, as the log says where it is. */
  token(): string {
    return readFileSync(`${this.folder.path}/.secrets/admin-token`, 'utf8').trim()
  }

  /** One request by HTTP. */
  async ask(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: string }> {
    const asked = request({
      port: this.ports.http,
      host: '127.0.0.1',
      path,
      agent: this.agent,
      headers: { host: 'shop.example', 'user-agent': 'shopper/1.0', ...headers },
    })
    asked.end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    let body = ''
    for await (const chunk of answer.setEncoding('utf8')) body += String(chunk)
    return { status: answer.statusCode ?? 0, body }
  }

  /** Customers come, until the shop closes. */
  busy(): void {
    this.shopping ??= this.serveCustomers()
  }

  private async serveCustomers(): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const name = services[Math.floor((((i * 7919) % 1000) ** 2 / 1_000_000) * services.length)] ?? 'catalog'
      await this.ask(
        i % 23 === 0 ? '/favicon.ico' : i % 31 === 0 ? '/legacy/1' : `/${name}/${i % 97}?page=${i % 5}`,
      ).catch(() => {})
      await delay(8)
    }
  }

  async endSearch(): Promise<void> {
    const { search } = this
    this.search = null
    search?.closeAllConnections()
    search?.close()
    if (search !== null) await once(search, 'close')
  }

  async beginSearch(): Promise<void> {
    this.search = await serve(this.ports.search, '0.0.0.0')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped = true
    await this.shopping
    this.agent.destroy()
    await this.gateway[Symbol.asyncDispose]()
    await this.endSearch()
    this.server.closeAllConnections()
    this.server.close()
    this.folder[Symbol.dispose]()
  }
}

/** Answers after some milliseconds, with a body of some size. */
async function serve(port: number, address: string): Promise<Server> {
  const server = createServer((asked, response) => {
    asked.resume()
    const n = Number(/\d+/.exec(asked.url ?? '')?.[0] ?? 1)
    setTimeout(() => {
      response.writeHead(n % 53 === 0 ? 404 : 200, { 'content-type': 'text/plain' })
      response.end('x'.repeat(n * 40))
    }, n % 11)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port
}
