import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Folder, freePort, RunProcess } from './process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from './resources.ts'

/** An object of ours, in namespace `default`. */
export const ours = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
})

export interface PublishedOptions {
  /** Of the Plan `free`. */
  readonly limits: readonly object[]
  /** In place of the Gateway, route `pets` to Backend `up`, and API `pets`. */
  readonly site?: (port: number) => string
  /** Beside what is declared, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** More objects. */
  readonly more?: readonly object[]
  /** More of the Product's spec. */
  readonly product?: object
  /** More of the command line. */
  readonly args?: readonly string[]
  readonly workers?: number
}

export interface Told {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** Of JSON. */
  readonly body: Readonly<Record<string, unknown>>
}

/** `portcullis run` with an API that is published: route and Product `pets`, Plan `free`, and a store of its own. */
export class Published implements AsyncDisposable {
  readonly port: number
  readonly files: Folder
  readonly data: Folder
  readonly process: RunProcess
  private account = ''

  private constructor(port: number, files: Folder, data: Folder, run: RunProcess) {
    this.port = port
    this.files = files
    this.data = data
    this.process = run
  }

  /** `upstream` is the port of its backend. */
  static async start(
    upstream: number,
    { limits, site, files: beside = {}, more = [], product = {}, args = [], workers = 2 }: PublishedOptions,
  ): Promise<Published> {
    const port = await freePort()
    const files = new Folder({
      'site.yaml':
        site?.(port) ??
        yamlOf(
          gateway([{ name: 'http', port }]),
          backend('up', [upstream]),
          httpRoute('pets', { rules: [{ backendRefs: [to('up')] }] }),
          ours('API', 'pets', { routeRefs: [{ name: 'pets' }] }),
        ),
      'plans.yaml': yamlOf(
        ours('Plan', 'free', { limits }),
        ours('Product', 'pets', { apis: [{ name: 'pets' }], plans: [{ name: 'free' }], ...product }),
      ),
      'more.yaml': yamlOf(...more),
      ...beside,
    })
    const data = new Folder()
    const run = await RunProcess.start(
      [files.path],
      '--workers',
      String(workers),
      '--data',
      data.path,
      ...args,
    )
    const published = new Published(port, files, data, run)
    try {
      await run.started()
    } catch (error) {
      await published[Symbol.asyncDispose]()
      throw error
    }
    return published
  }

  /** By the socket, as the operator. */
  async ask(method: string, path: string, body?: unknown): Promise<Told> {
    const asking = request({
      socketPath: join(this.data.path, 'run', 'admin.sock'),
      method,
      path: `/v1${path}`,
      headers: { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json' }) },
    })
    asking.end(body === undefined ? '' : JSON.stringify(body))
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    const came = await text(response)
    const isJson = String(response.headers['content-type']).includes('json')
    const read = (isJson ? JSON.parse(came) : {}) as Told['body']
    return { status: response.statusCode ?? 0, headers: response.headers, text: came, body: read }
  }

  /** The id, or whatever else is asked for, of what was made; throws where nothing was. */
  async make(path: string, body: unknown, field = 'id'): Promise<string> {
    const told = await this.ask('POST', path, body)
    const value = told.body[field]
    if (told.status !== 201 || typeof value !== 'string') throw new Error(`POST ${path}: ${told.text}`)
    return value
  }

  /** A new application that has subscribed to plan `free`, and its key. */
  async subscriber(name: string): Promise<{ readonly application: string; readonly key: string }> {
    this.account ||= await this.make('/accounts', { name: 'acme' })
    const application = await this.make('/applications', { account: this.account, name })
    const subscription = { application, product: 'default/pets', plan: 'default/free' }
    await this.make('/subscriptions', subscription)
    return { application, key: await this.key(application) }
  }

  /** One more key of an application. */
  key(application: string): Promise<string> {
    return this.make(`/applications/${application}/credentials`, { kind: 'api-key' }, 'key')
  }

  /** Tokens of this issuer that say `client` are of the application. */
  async recordClient(application: string, issuer: string, client: string): Promise<void> {
    await this.make(`/applications/${application}/credentials`, { kind: 'client', issuer, clientId: client })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]()
    this.files[Symbol.dispose]()
    this.data[Symbol.dispose]()
  }
}
