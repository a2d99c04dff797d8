import type { Certificate, Listener, Port } from '../snapshot/snapshot.ts'
import { ClientShares } from './client-shares.ts'
import type { Compiled } from './compiled.ts'
import { grpcAnswer } from './grpc/answer.ts'
import { ListenerFilters, type ListenerChain } from './listener-filters.ts'
import { compileMethods } from './methods.ts'
import { routerSteps, type Router } from './router/router.ts'
import { misdirectedRule, type CompiledRule } from './rule.ts'
import type { PortRuntime } from './runtime.ts'
import type { Steps } from './steps.ts'
import type { CompiledStream } from './proxied-stream.ts'
import { compileTlsListeners } from './tls/listeners.ts'

type Certificates = Readonly<Record<string, Certificate>>

/** Turns one port of each snapshot into what requests meet, and keeps of it what the next one has too. */
export class PortCompiler {
  private readonly compiled: Compiled
  /** By the name of the listener; that of a port without TLS, where they are one, is "". */
  private readonly routers = new Map<string, Router<CompiledRule>>()
  private streams: CompiledStream[] = []
  private chains: ListenerChain[] = []
  private misdirected: CompiledRule | null = null
  private last: { readonly port: Port; readonly certificates: Certificates } | null = null

  constructor(compiled: Compiled) {
    this.compiled = compiled
  }

  /** Whether it would come to what it came to last. */
  isCurrent(port: Port, certificates: Certificates): boolean {
    const { last } = this
    return last?.port === port && (port.protocol === 'http' || last.certificates === certificates)
  }

  *steps(port: Port, certificates: Certificates): Steps<PortRuntime> {
    this.last = null
    const { observer, overload, held } = this.compiled.around
    const { client } = port
    const shares = new ClientShares(client)
    const methods = compileMethods(client.methods)
    const chains: ListenerChain[] = []
    const filtersOf = (listeners: readonly Listener[]) => this.filtersOf(listeners, chains)
    const base = { port, shares, observer, overload, methods, held, errorHead: grpcAnswer, filters: null }
    const runtime =
      port.protocol === 'http'
        ? {
            ...base,
            router: yield* this.routerOf('', port.listeners),
            filters: filtersOf(port.listeners),
            tls: null,
          }
        : { ...base, router: { route: () => null }, tls: yield* this.tlsOf(base, certificates, filtersOf) }
    this.giveChains(chains)
    this.keepRouters(new Set(port.protocol === 'http' ? [''] : port.listeners.map(({ name }) => name)))
    this.last = { port, certificates }
    return runtime
  }

  /** Gives back all that it has. */
  release(): void {
    this.last = null
    this.keepRouters(new Set())
    this.giveStreams([])
    this.giveChains([])
    if (this.misdirected !== null) this.compiled.give(this.misdirected)
    this.misdirected = null
  }

  private *routerOf(key: string, listeners: readonly Listener[]): Steps<Router<CompiledRule>> {
    const router = yield* routerSteps(listeners, this.compiled, this.routers.get(key) ?? null)
    this.routers.set(key, router)
    return router
  }

  private *tlsOf(
    base: Omit<PortRuntime, 'router' | 'tls'>,
    certificates: Certificates,
    filtersOf: (listeners: readonly Listener[]) => ListenerFilters | null,
  ): Steps<NonNullable<PortRuntime['tls']>> {
    const { compiled } = this
    const routers = new Map<string, Router<CompiledRule>>()
    for (const listener of base.port.listeners)
      routers.set(listener.name, yield* this.routerOf(listener.name, [listener]))
    this.misdirected ??= compiled.take(misdirectedRule)
    const streams: CompiledStream[] = []
    const table = compileTlsListeners(
      base,
      certificates,
      ({ name }) => routers.get(name)!,
      this.misdirected,
      rule => {
        const stream = compiled.takeStream(rule)
        streams.push(stream)
        return stream
      },
      listener => filtersOf([listener]),
    )
    this.giveStreams(streams)
    return table
  }

  /** Null where no listener has any, so that nobody asks. */
  private filtersOf(listeners: readonly Listener[], taken: ListenerChain[]): ListenerFilters | null {
    if (listeners.every(({ filters = [] }) => filters.length === 0)) return null
    return new ListenerFilters(listeners, ({ name, filters = [] }) => {
      if (filters.length === 0) return null
      const chain = this.compiled.takeChain(name, filters)
      taken.push(chain)
      return chain
    })
  }

  private giveChains(next: ListenerChain[]): void {
    for (const chain of this.chains) this.compiled.giveChain(chain)
    this.chains = next
  }

  private giveStreams(next: CompiledStream[]): void {
    for (const stream of this.streams) this.compiled.giveStream(stream)
    this.streams = next
  }

  private keepRouters(wanted: ReadonlySet<string>): void {
    for (const [key, router] of this.routers) {
      if (wanted.has(key)) continue
      this.routers.delete(key)
      router.release(this.compiled)
    }
  }
}
