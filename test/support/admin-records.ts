import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { AdminListener } from '../../src/admin/listener.ts'
import { AdminPaths } from '../../src/admin/paths.ts'
import type { Accounts } from '../../src/api/access.ts'
import type { ApiPart } from '../../src/api/api.ts'
import { FileSource } from '../../src/control/files/file-source.ts'
import { Sources, type Gathered } from '../../src/control/source.ts'
import { Kinds } from '../../src/model/kinds.ts'
import { AdminPart } from '../../src/roles/management/api/admin-part.ts'
import { management } from '../../src/roles/management/management.ts'
import { LimitReader } from '../../src/roles/management/limits/subscription-limits.ts'
import { PeppersFile } from '../../src/roles/management/credentials/peppers-file.ts'
import { openStore } from '../../src/roles/management/store/open.ts'
import type { Store } from '../../src/roles/management/store/store.ts'
import { ingress } from '../../src/roles/ingress/ingress.ts'
import { Folder } from './process.ts'
import { seenIn } from './seen.ts'
import { serviceKit } from './service-kit.ts'

const kinds = new Kinds([...ingress.kinds, ...management.kinds])

/** What may be in an answer. A test that looks for what is not there fails. */
export interface Told {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly scope: string
  readonly status: string
  readonly detail: string
  readonly secret: string
  readonly key: string
  readonly prefix: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly change: string
  readonly before: string
  readonly after: string
  readonly next: string | null
  readonly replaces: string | null
  readonly approvedBy: string | null
  readonly plan: string
  readonly previousPlan: string | null
  readonly reason: string
  readonly since: string | null
  readonly action: string
  readonly actor: string
  readonly by: string
  readonly ok: boolean
  readonly seq: number
  readonly applied: boolean
  readonly inForce: boolean
  readonly permissions: readonly string[]
  readonly scopes: readonly string[]
  readonly products: readonly string[]
  readonly user: Told
  readonly token: Told
  readonly object: Told
  readonly items: readonly Told[]
  readonly bindings: readonly Told[]
  readonly changes: readonly Told[]
  readonly problems: readonly Told[]
  readonly conditions: readonly Told[]
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Told
  /** Where it is no JSON. */
  readonly text: string
}

export interface Asking {
  /** A token; null: none. Absent: by the socket. */
  readonly token?: string | null
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** The Admin API of management in this process: a store, a listener, and declared objects that are in force at once. */
export class AdminRecords {
  readonly store: Store
  /** What was told at the terminal. */
  readonly told: readonly string[]
  private readonly socket: string
  private readonly port: number

  private constructor(store: Store, told: readonly string[], socket: string, port: number) {
    this.store = store
    this.told = told
    this.socket = socket
    this.port = port
  }

  /** `files` is what files declare, as YAML. All of it ends after the test. */
  static async start(t: TestContext, url: string, files = ''): Promise<AdminRecords> {
    const folder = new Folder()
    const store = await openStore({ url })
    const told: string[] = []
    const parts: ApiPart[] = []
    let accounts: Accounts | null = null
    let inForce: Gathered | null = null
    const kit = serviceKit({
      kinds,
      settings: {
        dataDir: folder.path,
        hasData: true,
        certificatesDir: '',
        secretsDir: folder.path,
        environment: 'test',
        store: '',
        counters: '',
      },
      declared: () => inForce && { ...inForce, conditions: inForce.conflicts },
      addApi: one => parts.push(one),
      keepAccounts: one => (accounts = one),
    })
    const part = new AdminPart(kit, {
      store: () => Promise.resolve(store),
      caughtUp: () => Promise.resolve(),
      limits: new LimitReader(kit, () => null),
      tellSetupToken: token => void told.push(token),
    })
    const sources = new Sources([
      new FileSource([], kinds, { texts: [{ name: 'shop.yaml', text: files }] }),
      part.source,
    ])
    const apply = (gathered: Gathered): void => {
      inForce = gathered
      part.applied({}, gathered.resources)
    }
    // With a database beside the gateway they are brought.
    new PeppersFile(folder.path).open(true)
    await part.opened(store)
    apply(await sources.load())
    sources.watch(apply)
    const admin = new AdminListener({
      seen: seenIn({ kinds }),
      paths: new AdminPaths(),
      metrics: () => Promise.resolve(''),
      parts,
      accounts: () => accounts,
    })
    const { port } = await admin.listen('127.0.0.1', 0)
    const socket = `${folder.path}/admin.sock`
    await admin.listenOnSocket(socket)
    t.after(async () => {
      admin.close()
      sources.close()
      await part.stop()
      await store.close()
      folder[Symbol.dispose]()
    })
    return new AdminRecords(store, told, socket, port)
  }

  async ask(method: string, path: string, { token, body, headers = {} }: Asking = {}): Promise<Answered> {
    const where = token === undefined ? { socketPath: this.socket } : { host: '127.0.0.1', port: this.port }
    const sent = body === undefined ? '' : JSON.stringify(body)
    const asking = httpRequest({
      ...where,
      method,
      path,
      headers: {
        host: `127.0.0.1:${this.port}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(typeof token === 'string' && { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
    asking.end(sent)
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    const isJson = /^application\/(problem\+)?json\b/.test(String(response.headers['content-type']))
    const came = await text(response)
    const told = (isJson && came !== '' ? JSON.parse(came) : {}) as Told
    return { status: response.statusCode ?? 0, headers: response.headers, body: told, text: came }
  }

  /** As `ask`; throws unless it is answered so. */
  async get(status: number, method: string, path: string, asking: Asking = {}): Promise<Told> {
    const answered = await this.ask(method, path, asking)
    if (answered.status !== status)
      throw new Error(
        `${method} ${path} was answered ${answered.status}, expected ${status}: ${JSON.stringify(answered.body)}`,
      )
    return answered.body
  }
}
