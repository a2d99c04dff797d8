import { CallFailure } from '../../filters/kit.ts'
import type { Rule } from '../../snapshot/rule.ts'
import { ById } from '../../http/by-id.ts'
import { ClientShares } from '../client-shares.ts'
import type { Compiled } from '../compiled.ts'
import { compileMethods } from '../methods.ts'
import { Overload } from '../overload.ts'
import type { CompiledRule } from '../rule.ts'
import type { PortRuntime } from '../runtime.ts'
import { CallWithin } from './call-within.ts'
import { FailedHead } from './failed-head.ts'
import type { RequestWithin } from './request-within.ts'
import { portWithin } from './port-within.ts'

/**
 * Requests that begin within this thread: each meets the rule that it names, with filters, clusters and limits as a
 * request of a port does. Who asks has been let in by whoever made the request.
 */
export class Within {
  private readonly compiled: Compiled
  private readonly calls = new ById<CallWithin>()
  private lastId = 0
  private runtimes = new Map<string, PortRuntime>()
  private held: CompiledRule[] = []
  private idle: (() => void) | null = null
  private readonly methods = compileMethods('')
  private readonly shares = new ClientShares(portWithin.client)
  /** What there is too much of was let in elsewhere, and half an answer is worth nothing. */
  private readonly overload = new Overload()

  constructor(compiled: Compiled) {
    this.compiled = compiled
  }

  /** Begins it by the rule of this name; throws a TypeError where the request can be none. */
  begin(name: string, request: RequestWithin): CallWithin {
    const runtime = this.runtimes.get(name)
    if (runtime === undefined) throw new CallFailure('destination_not_found', name)
    const call = new CallWithin(++this.lastId, runtime, request, this.left)
    this.calls.add(call)
    call.begin()
    return call
  }

  private readonly left = (call: CallWithin): void => {
    this.calls.delete(call.id)
    if (this.calls.size === 0) this.idle?.()
  }

  /** The rules that requests meet from now on. */
  apply(rules: Readonly<Record<string, Rule>>): void {
    const before = this.held
    this.held = []
    this.runtimes = new Map(
      Object.entries(rules).map(([name, rule]) => {
        const taken = this.compiled.take(rule)
        this.held.push(taken)
        return [name, this.runtimeOf(name, taken)]
      }),
    )
    for (const rule of before) this.compiled.give(rule)
  }

  /** Gives back all that it has; what has begun goes on. */
  release(): void {
    for (const rule of this.held) this.compiled.give(rule)
    this.held = []
  }

  sweep(nowMs: number): void {
    for (const call of this.calls.values()) call.sweep(nowMs)
  }

  get bufferedBytes(): number {
    let bytes = 0
    for (const call of this.calls.values()) bytes += call.bufferedBytes
    return bytes
  }

  /** When nothing is under way. */
  async drain(): Promise<void> {
    if (this.calls.size > 0) await new Promise<void>(resolve => (this.idle = resolve))
  }

  destroy(): void {
    for (const call of this.calls.values()) call.destroy()
  }

  private runtimeOf(name: string, rule: CompiledRule): PortRuntime {
    const { methods, shares, overload, compiled } = this
    const { observer, held } = compiled.around
    const hit = { listener: '', hostname: name, rule, entry: { match: any, rule: rule.rule } }
    return {
      port: portWithin,
      router: { route: () => hit },
      tls: null,
      stream: null,
      shares,
      observer,
      overload,
      methods,
      filters: null,
      spans: null,
      held,
      errorHead: (_, answer, message) => (message === '' ? null : new FailedHead(answer)),
    }
  }
}

const any = { path: { type: 'prefix', value: '' }, method: '', headers: [], query: [] } as const
