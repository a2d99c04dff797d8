import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, type RequestOptions } from 'node:http'
import { Agent } from 'node:https'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { attempt } from '../model/scan.ts'

/** How an API server is reached. */
export interface Access {
  readonly server: URL
  /** Where this process runs, or what the context of the kubeconfig says; null where neither is said. */
  readonly namespace: string | null
  /** For one request: its agent, and the header by which the server knows us. Tokens that are renewed are read again. */
  options(): Promise<RequestOptions>
}

export interface AccessOptions {
  /** "": KUBECONFIG, the service account of a Pod, or ~/.kube/config, in this order. */
  readonly kubeconfig: string
  /** "": the current one. */
  readonly context: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where a Pod has the files of its service account; the place that Kubernetes mounts them at where absent. */
  readonly serviceAccount?: string
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Kubelets renew tokens when a fifth of their hour is left. */
const REREAD_MS = 60_000

/** Throws where there is no such file or context, and says so. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { kubeconfig, context, env, serviceAccount = SERVICE_ACCOUNT } = options
  const isNamed = kubeconfig !== '' || context !== '' || Boolean(env['KUBECONFIG'])
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (!isNamed && host && port) return new PodAccess(host, port, serviceAccount)
  return configured(kubeconfig, context)
}

/**
 * A Pod's own way: three files and two variables. The library for kubeconfigs is not loaded for it, which would be 80 MB
 * of memory in every Pod.
 */
class PodAccess implements Access {
  readonly server: URL
  readonly namespace: string | null
  private readonly folder: string
  private agent: Agent | null = null
  private authority = ''
  private token = ''
  private readMs = -Infinity

  constructor(host: string, port: string, folder: string) {
    this.server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
    this.folder = folder
    const namespace = attempt(() => this.read('namespace'))
    this.namespace = namespace instanceof Error ? null : namespace
    this.reread()
  }

  options(): Promise<RequestOptions> {
    if (performance.now() - this.readMs > REREAD_MS) this.reread()
    return Promise.resolve({ agent: this.agent!, headers: { authorization: `Bearer ${this.token}` } })
  }

  private reread(): void {
    const authority = this.read('ca.crt')
    this.token = this.read('token')
    if (this.agent === null || authority !== this.authority)
      this.agent = new Agent({ ca: authority, keepAlive: true })
    this.authority = authority
    this.readMs = performance.now()
  }

  private read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8').trim()
  }
}

/** By a kubeconfig, with all the ways of authentication that the library knows: certificates, tokens, commands, OIDC. */
async function configured(file: string, context: string): Promise<Access> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const config = new KubeConfig()
  if (file === '') config.loadFromDefault()
  else config.loadFromFile(file)
  if (context !== '') config.setCurrentContext(context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) {
    const names = config.getContexts().map(({ name }) => name)
    const wanted =
      context === '' ? 'the kubeconfig names no current context' : `there is no context ${context}`
    throw new Error(`${wanted}, expected one of ${names.join(', ') || '(there is none)'}`)
  }
  // kubectl proxy, which knows who asks: the library has no agent for plain HTTP.
  const plain = cluster.server.startsWith('http:') ? new HttpAgent({ keepAlive: true }) : null
  const kept = new KeptAgent()
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? null,
    async options() {
      if (plain !== null) return { agent: plain }
      const options: RequestOptions = { headers: {} }
      await config.applyToHTTPSOptions(options)
      // Proxies have agents of their own.
      return cluster.proxyUrl ? options : { ...options, agent: kept.of(options as TlsOptions) }
    },
  }
}

/** The library's agent makes a connection, and a handshake, for each request. */
class KeptAgent {
  private agent: Agent | null = null
  private identity: TlsOptions = {}

  of({ ca, cert, key, rejectUnauthorized, servername }: TlsOptions): Agent {
    const identity = { ca, cert, key, rejectUnauthorized, servername }
    // Commands of kubeconfigs give other certificates by and by.
    if (this.agent === null || !isDeepStrictEqual(identity, this.identity))
      this.agent = new Agent({ keepAlive: true, ...given(identity) })
    this.identity = identity
    return this.agent
  }
}

type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>

function given(options: TlsOptions): TlsOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
