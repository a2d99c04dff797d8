import type { StreamRule } from '../../snapshot/rule.ts'
import type { Listener, Port } from '../../snapshot/snapshot.ts'
import type { Certificate } from '../../snapshot/tls.ts'
import type { RequestHead } from '../../http/head.ts'
import { HostIndex } from '../router/hosts.ts'
import type { RouteHit } from '../router/host-table.ts'
import type { CompiledRule } from '../rule.ts'
import type { PortRuntime, Routes, TlsListener, TlsTable } from '../runtime.ts'
import type { CompiledStream } from '../proxied-stream.ts'
import { CertificateChoice } from './certificate-choice.ts'
import type { ContextSpec } from './server-contexts.ts'

/** The listeners of one port with TLS, by the name that clients ask for. */
class TlsListeners implements TlsTable {
  private readonly all: ReadonlyMap<string, TlsListener>
  private readonly byHost: HostIndex<Listener>

  constructor(all: ReadonlyMap<string, TlsListener>, byHost: HostIndex<Listener>) {
    this.all = all
    this.byHost = byHost
  }

  find(serverName: string): TlsListener | null {
    const listener = this.byHost.find(serverName)
    return listener === null ? null : (this.all.get(listener.name) ?? null)
  }

  named(name: string): TlsListener | null {
    return this.all.get(name) ?? null
  }

  *contexts(): IterableIterator<ContextSpec> {
    for (const { certificates } of this.all.values()) if (certificates !== null) yield* certificates.contexts
  }

  with(change: Parameters<TlsTable['with']>[0]): TlsTable {
    const { port } = change
    const changed = [...this.all].map(([name, one]): [string, TlsListener] => {
      const certificates =
        port === undefined ? one.certificates : (one.certificates?.with(port.client) ?? null)
      return [name, { ...one, certificates, runtime: { ...one.runtime, ...change } }]
    })
    return new TlsListeners(new Map(changed), this.byHost)
  }
}

/** `routesOf` compiles the routes of one listener, `misdirected` is what requests for another one's hostname meet. */
export function compileTlsListeners(
  base: Omit<PortRuntime, 'router' | 'tls'>,
  certificates: Readonly<Record<string, Certificate>>,
  routesOf: (listener: Listener) => Routes,
  misdirected: CompiledRule,
  streamOf: (rule: StreamRule) => CompiledStream,
  around: (listener: Listener) => Pick<PortRuntime, 'filters' | 'spans'>,
): TlsTable {
  const { port } = base
  const byHost = new HostIndex(new Map(port.listeners.map(one => [one.hostname, one])))
  const all = new Map<string, TlsListener>()
  for (const listener of port.listeners) {
    const router = new IsolatedRouter(listener, byHost, routesOf(listener), misdirected)
    const streams =
      listener.streams &&
      new HostIndex(new Map(listener.streams.map(one => [one.hostname, streamOf(one.rule)])))
    all.set(listener.name, {
      listener,
      certificates: choiceOf(listener, port, certificates),
      streams: streams ?? null,
      runtime: { ...base, ...around(listener), router, tls: null },
    })
  }
  return new TlsListeners(all, byHost)
}

function choiceOf(
  { name, tls }: Listener,
  { client }: Port,
  certificates: Readonly<Record<string, Certificate>>,
): CertificateChoice | null {
  if (tls?.mode !== 'terminate') return null
  const spec = (certificate: string): ContextSpec => ({
    listener: name,
    certificate,
    termination: tls,
    client,
    certificates,
  })
  const [first, ...rest] = tls.certificates
  return first === undefined ? null : new CertificateChoice([spec(first), ...rest.map(spec)])
}

/**
 * The routes of one listener, for connections whose handshake was made with it. A request for a hostname of another
 * listener is misdirected (RFC 9110 §15.5.20): answered here, it would meet routes whose rules about TLS versions and
 * client certificates the connection has not been held to. A hostname that no listener has is not found, on whichever
 * connection it is asked for (Gateway API, Listener.hostname: "If no other Listener matches the Host, … 404").
 */
class IsolatedRouter implements Routes {
  private readonly listener: Listener
  private readonly byHost: HostIndex<Listener>
  private readonly routes: Routes
  private readonly misdirected: RouteHit<CompiledRule>

  constructor(listener: Listener, byHost: HostIndex<Listener>, routes: Routes, rule: CompiledRule) {
    this.listener = listener
    this.byHost = byHost
    this.routes = routes
    this.misdirected = {
      listener: listener.name,
      hostname: '',
      entry: { match: anything, rule: rule.rule },
      rule,
    }
  }

  route(head: RequestHead): RouteHit<CompiledRule> | null {
    const owner = this.byHost.find(head.hostname)
    if (owner === this.listener) return this.routes.route(head)
    return owner === null ? null : this.misdirected
  }
}

const anything = { path: { type: 'prefix', value: '' }, method: '', headers: [], query: [] } as const
