import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { parseAllDocuments } from 'yaml'
import { kinds } from '../../../src/cli/roles.ts'
import { selfSigned, type KeyPair } from '../certificates.ts'
import { Seen } from '../until.ts'
import { readBody } from '../upstream.ts'
import {
  ApiCollection,
  keyOf,
  merged,
  Refused,
  type ApiObject,
  type ServedKind,
  type Written,
} from './api-objects.ts'

export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
}

/** What a test does to a request in place of an answer: true where it has. */
export type Fault = (request: ApiRequest, response: ServerResponse) => boolean

const LEASES: ServedKind = {
  group: 'coordination.k8s.io',
  versions: ['v1'],
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
}

const DEPLOYMENTS: ServedKind = {
  group: 'apps',
  versions: ['v1'],
  kind: 'Deployment',
  plural: 'deployments',
  scope: 'Namespaced',
}

const BUDGETS: ServedKind = {
  group: 'policy',
  versions: ['v1'],
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  scope: 'Namespaced',
}

export const TOKEN = 'token-of-the-test'

/**
 * An API server as far as a gateway needs one, in this process: lists in pages, watches with bookmarks, versions that are
 * forgotten (410), generations, the subresource of status, conflicts, Leases, bearer tokens. Kinds are those that are built.
 */
export class ApiServer implements AsyncDisposable {
  readonly requests = new Seen<ApiRequest>()
  /** Kinds, each time that a watch of one has begun. */
  readonly watched = new Seen<string>()
  /** Asked before each answer. */
  fault: Fault = () => false
  readonly pair: KeyPair
  private readonly collections = new Map<string, ApiCollection>()
  private readonly watches = new Map<ServerResponse, string>()
  private readonly forbidden = new Set<string>()
  private readonly removed = new Set<string>()
  private readonly served = new Map<string, readonly string[]>()
  private server: Server | null = null
  /** Also those whose handshake is not over, which the server itself does not count. */
  private readonly sockets = new Set<Socket>()
  private version = 1000
  private wanted = 0

  private constructor(pair: KeyPair) {
    this.pair = pair
    for (const kind of [...kinds.all, LEASES, DEPLOYMENTS, BUDGETS])
      this.collections.set(kind.plural, new ApiCollection(kind, () => ++this.version))
  }

  static async start(): Promise<ApiServer> {
    const api = new ApiServer(await selfSigned({ ips: ['127.0.0.1'] }))
    await api.listen()
    return api
  }

  get port(): number {
    return this.wanted
  }

  get url(): URL {
    return new URL(`https://127.0.0.1:${this.port}`)
  }

  /** A kubeconfig for it. */
  get kubeconfig(): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: {
            server: this.url.href,
            'certificate-authority-data': Buffer.from(this.pair.chain).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user: { token: TOKEN } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    })
  }

  /** Listens again where it listened before. */
  async listen(): Promise<void> {
    const server = createSecure({ cert: this.pair.chain, key: this.pair.key }, (request, response) => {
      void this.answer(request, response)
    })
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    })
    this.server = server
    server.listen(this.wanted, '127.0.0.1')
    await once(server, 'listening')
    this.wanted = (server.address() as AddressInfo).port
  }

  /** Gone, with every connection; objects stay. */
  async stop(): Promise<void> {
    const { server } = this
    this.server = null
    if (server === null) return
    this.watches.clear()
    server.close()
    for (const socket of this.sockets) socket.destroy()
    await once(server, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Creates and changes objects, as `kubectl apply` does. */
  apply(yaml: string): void {
    for (const document of parseAllDocuments(yaml)) {
      const object = document.toJS() as Written | null
      if (object === null) continue
      const collection = this.collectionOf(String(object['kind']))
      const written = namespaced(object, collection.kind)
      const metadata = written['metadata'] as { readonly name: string; readonly namespace?: string }
      if (collection.objects.has(keyOf(metadata))) collection.replace(keyOf(metadata), written)
      else collection.create(written)
    }
  }

  delete(kind: string, name: string, namespace = 'default'): void {
    const collection = this.collectionOf(kind)
    collection.delete(keyOf({ name, namespace: collection.kind.scope === 'Cluster' ? '' : namespace }))
  }

  get(kind: string, name: string, namespace = 'default'): ApiObject | undefined {
    const collection = this.collectionOf(kind)
    return collection.objects.get(
      keyOf({ name, namespace: collection.kind.scope === 'Cluster' ? '' : namespace }),
    )
  }

  /** As another controller writes it. */
  setStatus(kind: string, name: string, status: unknown, namespace = 'default'): void {
    const collection = this.collectionOf(kind)
    const key = keyOf({ name, namespace: collection.kind.scope === 'Cluster' ? '' : namespace })
    collection.replaceStatus(key, { status })
  }

  collectionOf(kind: string): ApiCollection {
    const found = [...this.collections.values()].find(one => one.kind.kind === kind)
    if (found === undefined) throw new Error(`there is no kind ${kind}`)
    return found
  }

  /** As if its CustomResourceDefinition were not there; `isServed` puts it back. */
  define(kind: string, isServed: boolean): void {
    const { plural } = this.collectionOf(kind).kind
    if (isServed) this.removed.delete(plural)
    else this.removed.add(plural)
  }

  /** By these versions of its API in place of those that are known. */
  serveAs(kind: string, versions: readonly string[] | null): void {
    const { plural } = this.collectionOf(kind).kind
    if (versions === null) this.served.delete(plural)
    else this.served.set(plural, versions)
  }

  /** As RBAC without that right. */
  forbid(kind: string, isForbidden: boolean): void {
    const { plural } = this.collectionOf(kind).kind
    if (isForbidden) this.forbidden.add(plural)
    else this.forbidden.delete(plural)
  }

  /** Nobody can go on from what was seen until here. */
  forget(): void {
    for (const collection of this.collections.values()) collection.forget(++this.version)
  }

  /** Ends watches of a kind, or of all, in the middle of a line where `text` is one. */
  breakWatches(kind: string | null = null, text = ''): void {
    for (const response of this.watchesOf(kind)) {
      this.watches.delete(response)
      if (text !== '') response.write(text)
      response.destroy()
    }
  }

  /** Something on all watches of a kind that need not be an event. */
  say(kind: string, line: string): void {
    for (const response of this.watchesOf(kind)) response.write(`${line}\n`)
  }

  /** How many watch a kind. */
  watching(kind: string): number {
    return this.watchesOf(kind).length
  }

  bookmark(kind: string): void {
    const { group, versions } = this.collectionOf(kind).kind
    const apiVersion = group === '' ? versions[0] : `${group}/${versions[0]}`
    const object = { apiVersion, kind, metadata: { resourceVersion: String(this.version) } }
    this.say(kind, JSON.stringify({ type: 'BOOKMARK', object }))
  }

  private watchesOf(kind: string | null): readonly ServerResponse[] {
    const plural = kind === null ? null : this.collectionOf(kind).kind.plural
    return [...this.watches].flatMap(([response, own]) =>
      plural === null || own === plural ? [response] : [],
    )
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://localhost')
    const { method = '' } = request
    const seen = { method, path, query }
    this.requests.push(seen)
    if (this.fault(seen, response)) return
    try {
      if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Refused(401, 'Unauthorized')
      const text = (await readBody(request)).toString()
      const body = text === '' ? {} : (JSON.parse(text) as Written)
      this.serve(seen, body, request, response)
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused(500, String(error))
      sendJson(response, refused.code, statusOf(refused))
    }
  }

  private serve(
    { method, path, query }: ApiRequest,
    body: Written,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const discovered = this.discovered(path)
    if (discovered !== null) return sendJson(response, 200, discovered)
    const { collection, namespace, name, isStatus } = this.found(path)
    if (name === null) {
      if (method === 'POST') {
        const metadata = { ...(body['metadata'] as object), ...(namespace !== '' && { namespace }) }
        return sendJson(response, 201, collection.create({ ...body, metadata }))
      }
      if (query.get('watch') === 'true') return this.watch(collection, namespace, query, request, response)
      return sendJson(response, 200, this.list(collection, namespace, query))
    }
    const key = keyOf({ namespace, name })
    if (method === 'DELETE') return sendJson(response, 200, collection.delete(key))
    if (method === 'GET') return sendJson(response, 200, collection.get(key))
    const written = method === 'PATCH' ? patched(collection.get(key), body) : body
    sendJson(
      response,
      200,
      isStatus ? collection.replaceStatus(key, written) : collection.replace(key, written),
    )
  }

  private versionsOf({ kind: { plural, versions } }: ApiCollection): readonly string[] {
    return this.removed.has(plural) ? [] : (this.served.get(plural) ?? versions)
  }

  /** `/apis` and `/apis/GROUP/VERSION`; null of every other path, and of what there is none of. */
  private discovered(path: string): object | null {
    const [, root, group, groupVersion, ...rest] = path.split('/')
    if (root !== 'apis' || rest.length > 0) return null
    const all = [...this.collections.values()].filter(({ kind }) => kind.group !== '')
    const versionsOf = (wanted: string): readonly string[] => [
      ...new Set(all.flatMap(one => (one.kind.group === wanted ? this.versionsOf(one) : []))),
    ]
    if (group === undefined) {
      const names = new Set(all.map(({ kind }) => kind.group))
      const groups = Array.from(names, name => ({
        name,
        versions: versionsOf(name).map(version => ({ groupVersion: `${name}/${version}`, version })),
      })).filter(({ versions }) => versions.length > 0)
      return { kind: 'APIGroupList', apiVersion: 'v1', groups }
    }
    if (groupVersion === undefined || !versionsOf(group).includes(groupVersion)) return null
    const resources = all
      .filter(one => one.kind.group === group && this.versionsOf(one).includes(groupVersion))
      .map(({ kind: { plural: name, kind, scope } }) => ({ name, kind, namespaced: scope !== 'Cluster' }))
    return { kind: 'APIResourceList', groupVersion: `${group}/${groupVersion}`, resources }
  }

  /** `/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/status`. */
  private found(path: string) {
    const match =
      /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?<status>\/status)?$/.exec(
        path,
      )?.groups
    const collection = this.collections.get(match?.['plural'] ?? '')
    const isServed =
      collection !== undefined &&
      collection.kind.group === (match?.['group'] ?? '') &&
      this.versionsOf(collection).includes(match?.['version'] ?? '')
    if (!isServed) throw new Refused(404, 'the server could not find the requested resource')
    if (this.forbidden.has(collection.kind.plural))
      throw new Refused(403, `${collection.kind.plural} is forbidden: cannot list resource`)
    return {
      collection,
      namespace: match?.['namespace'] ?? '',
      name: match?.['name'] ?? null,
      isStatus: match?.['status'] !== undefined,
    }
  }

  private list(collection: ApiCollection, namespace: string, query: URLSearchParams): object {
    const { group, versions, kind } = collection.kind
    const all = [...collection.objects.values()].filter(
      one => (namespace === '' || one.metadata.namespace === namespace) && isSelected(one, query),
    )
    const limit = Number(query.get('limit') ?? 0)
    const token = query.get('continue') ?? ''
    const [at, version] =
      token === '' ? [0, this.version] : (token.split('.').map(Number) as [number, number])
    if (version < collection.forgotten) throw new Refused(410, 'The provided continue parameter is too old')
    const items = limit === 0 ? all : all.slice(at, at + limit)
    const next = at + items.length < all.length ? `${at + items.length}.${version}` : ''
    return {
      kind: `${kind}List`,
      apiVersion: group === '' ? versions[0] : `${group}/${versions[0]}`,
      metadata: { resourceVersion: String(version), ...(next !== '' && { continue: next }) },
      // Items of lists have neither.
      items: items.map(({ apiVersion: _, kind: __, ...item }) => item),
    }
  }

  private watch(
    collection: ApiCollection,
    namespace: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    this.watches.set(response, collection.kind.plural)
    try {
      const stop = collection.follow(Number(query.get('resourceVersion')), ({ type, object }) => {
        if (namespace !== '' && object.metadata.namespace !== namespace) return
        if (isSelected(object, query)) response.write(`${JSON.stringify({ type, object })}\n`)
      })
      request.once('close', () => {
        stop()
        this.watches.delete(response)
      })
      this.watched.push(collection.kind.kind)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.watches.delete(response)
      // It has begun: what is wrong is an event.
      response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(error) })}\n`)
    }
  }
}

function patched(before: ApiObject, patch: Written): Written {
  return merged(before, patch) as Written
}

function namespaced(object: Written, { scope }: ServedKind): Written {
  if (scope === 'Cluster') return object
  return { ...object, metadata: { namespace: 'default', ...(object['metadata'] as object) } }
}

/** `type!=a,type!=b` of Secrets, and `metadata.name=a`, which are what we select by. */
function isSelected(object: ApiObject, query: URLSearchParams): boolean {
  const selector = query.get('fieldSelector') ?? ''
  const { type = 'Opaque' } = object as { readonly type?: string }
  const name = /^metadata\.name=(.+)$/.exec(selector)?.[1] ?? object.metadata.name
  return name === object.metadata.name && !selector.split(',').includes(`type!=${type}`)
}

function statusOf({ code, message }: Refused): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
