import type { StreamRule } from '../snapshot/rule.ts'
import type { Listener, Port } from '../snapshot/snapshot.ts'
import type { Certificate } from '../snapshot/tls.ts'
import { ClientShares } from './client-shares.ts'
import type { Compiled } from './compiled.ts'
import { grpcAnswer } from './grpc/answer.ts'
import { ListenerFilters, type ListenerChain } from './listener-filters.ts'
import { ListenerSpans } from './listener-spans.ts'
import { compileMethods } from './methods.ts'
import { routerSteps, type Router } from './router/router.ts'
import { TakenRules } from './router/taken-rules.ts'
import { misdirectedRule, type CompiledRule } from './rule.ts'
import type { PortRuntime } from './runtime.ts'
import type { Steps } from './steps.ts'
import type { CompiledStream } from './proxied-stream.ts'
import { compileTlsListeners } from './tls/listeners.ts'

function isOfStreams({ protocol }: Port): boolean {
  return protocol === 'tcp' || protocol === 'udp'
}

/** Of a port on which no request comes by itself. */
const noRequests = { router: { route: () => null } }

type Certificates = Readonly<Record<string, Certificate>>

/** What a port takes of what is compiled. */
type Source = Pick<
  Compiled,
  'around' | 'take' | 'closed' | 'give' | 'takeStream' | 'giveStream' | 'takeChain' | 'giveChain'
>

/** What one runtime of a port holds. */
class Holding {
  /** By the name of the listener; that of a port without TLS, where they are one, is "". */
  readonly routers = new Map<string, Router<CompiledRule>>()
  readonly streams: CompiledStream[] = []
  readonly chains: ListenerChain[] = []
}

/** Turns one port of each snapshot into what requests meet, and keeps of it what the next one has too. */
export class PortCompiler {
  private readonly compiled: Source
  private held = new Holding()
  private misdirected: CompiledRule | null = null
  private last: { readonly port: Port; readonly certificates: Certificates } | null = null

  constructor(compiled: Source) {
    this.compiled = compiled
  }

  /** Whether it would come to what it came to last. */
  isCurrent(port: Port, certificates: Certificates): boolean {
    const { last } = this
    return last?.port === port && (port.protocol !== 'tls' || last.certificates === certificates)
  }

  /** Where it throws, what it has taken is given back, and what the runtime before holds stays held: it goes on serving. */
  *steps(port: Port, certificates: Certificates): Steps<PortRuntime> {
    this.last = null
    const rules = new TakenRules(this.compiled)
    const next = new Holding()
    try {
      const runtime = yield* this.runtimeOf(port, certificates, next, rules)
      this.swap(next, rules)
      rules.done()
      this.last = { port, certificates }
      return runtime
    } catch (error) {
      this.giveLists(next)
      rules.undo()
      throw error
    }
  }

  /** Gives back all that it has. */
  release(): void {
    this.last = null
    this.swap(new Holding(), this.compiled)
    if (this.misdirected !== null) this.compiled.give(this.misdirected)
    this.misdirected = null
  }

  private *runtimeOf(
    port: Port,
    certificates: Certificates,
    next: Holding,
    rules: TakenRules<CompiledRule>,
  ): Steps<PortRuntime> {
    const { observer, overload, held } = this.compiled.around
    const { client, listeners } = port
    const shares = new ClientShares(client)
    const methods = compileMethods(client.methods)
    const own = { port, shares, observer, overload, methods, held }
    const base = { ...own, errorHead: grpcAnswer, filters: null, spans: null, stream: null }
    if (isOfStreams(port))
      return { ...base, ...noRequests, stream: this.streamOf(listeners, next), tls: null }
    if (port.protocol === 'tls') {
      const tls = yield* this.tlsOf(base, certificates, next, rules)
      return { ...base, ...noRequests, tls }
    }
    const router = yield* this.routerOf('', listeners, next, rules)
    const spans = this.spansOf(listeners)
    return { ...base, router, filters: this.filtersOf(listeners, next), spans, tls: null }
  }

  private *routerOf(
    key: string,
    listeners: readonly Listener[],
    { routers }: Holding,
    rules: TakenRules<CompiledRule>,
  ): Steps<Router<CompiledRule>> {
    const router = yield* routerSteps(listeners, rules, this.held.routers.get(key) ?? null)
    routers.set(key, router)
    return router
  }

  private *tlsOf(
    base: Omit<PortRuntime, 'router' | 'tls'>,
    certificates: Certificates,
    next: Holding,
    rules: TakenRules<CompiledRule>,
  ): Steps<NonNullable<PortRuntime['tls']>> {
    for (const listener of base.port.listeners) yield* this.routerOf(listener.name, [listener], next, rules)
    this.misdirected ??= this.compiled.take(misdirectedRule)
    return compileTlsListeners(
      base,
      certificates,
      ({ name }) => next.routers.get(name)!,
      this.misdirected,
      rule => this.take(rule, next),
      listener => ({ filters: this.filtersOf([listener], next), spans: this.spansOf([listener]) }),
    )
  }

  private take(rule: StreamRule, { streams }: Holding): CompiledStream {
    const stream = this.compiled.takeStream(rule)
    streams.push(stream)
    return stream
  }

  private streamOf([listener]: readonly Listener[], next: Holding): CompiledStream | null {
    const rule = listener?.streams?.[0]?.rule
    return rule === undefined ? null : this.take(rule, next)
  }

  /** Null where no listener has any, so that nobody asks. */
  private filtersOf(listeners: readonly Listener[], { chains }: Holding): ListenerFilters | null {
    if (listeners.every(({ filters = [] }) => filters.length === 0)) return null
    return new ListenerFilters(listeners, ({ name, filters = [] }) => {
      if (filters.length === 0) return null
      const chain = this.compiled.takeChain(name, filters)
      chains.push(chain)
      return chain
    })
  }

  /** Null where no listener says anything of them, so that nobody asks. */
  private spansOf(listeners: readonly Listener[]): ListenerSpans | null {
    if (listeners.every(({ tracing }) => tracing === undefined)) return null
    const { observer } = this.compiled.around
    return new ListenerSpans(listeners, observer.spans, tracing =>
      tracing === 'off' ? null : observer.spansOf(tracing),
    )
  }

  /** Routers that are made anew from those before have given back what they have not kept. */
  private swap(next: Holding, rules: Pick<Source, 'take' | 'closed' | 'give'>): void {
    for (const [key, router] of this.held.routers) if (!next.routers.has(key)) router.release(rules)
    this.giveLists(this.held)
    this.held = next
  }

  private giveLists({ streams, chains }: Holding): void {
    for (const stream of streams) this.compiled.giveStream(stream)
    for (const chain of chains) this.compiled.giveChain(chain)
  }
}
