import type { FilterConfig, Rule, StreamRule } from '../snapshot/rule.ts'
import type { Instruments } from '../telemetry/instruments.ts'
import { compileChain, compileClosed, compileRule, compileStream, type Surroundings } from './compile.ts'
import type { Epochs } from './epochs.ts'
import type { ListenerChain } from './listener-filters.ts'
import type { RuleSource } from './router/host-table.ts'
import type { CompiledRule } from './rule.ts'
import { Shelf, type Made } from './shelf.ts'
import type { CompiledStream } from './proxied-stream.ts'
import type { WorkerKit } from './worker-kit.ts'

export interface CompiledOptions {
  readonly epochs: Epochs
  readonly instruments: Instruments
  readonly makeKit: () => WorkerKit
}

/** Surroundings but for the kit, of which each rule with filters has its own. */
export type Around = Omit<Surroundings, 'kit'>

/**
 * The rules of a worker, compiled once each for all ports, and kept as long as entries have them. With a rule goes what
 * it has: its numbers where no other has its id, and what its filters keep, when the last exchange is over that met it.
 */
export class Compiled implements RuleSource<CompiledRule> {
  /** Of the snapshot that is compiled. */
  around: Around
  private readonly options: CompiledOptions
  private readonly rules = new Shelf<Rule, CompiledRule>(rule => this.make(rule))
  private readonly streams = new Shelf<StreamRule, CompiledStream>(rule => this.makeStream(rule))
  private readonly chains = new Shelf<readonly FilterConfig[], ListenerChain>(list => this.makeChain(list))
  /** Of the listener whose filters are compiled, for who is told of them. */
  private chainName = ''
  /** How many compiled rules have an id. */
  private readonly ids = new Map<string, number>()
  /** For rules that ask nothing of theirs. */
  private readonly plainKit: WorkerKit

  constructor(around: Around, options: CompiledOptions) {
    this.around = around
    this.options = options
    this.plainKit = options.makeKit()
  }

  take(rule: Rule): CompiledRule {
    return this.rules.take(rule)
  }

  give(rule: CompiledRule): void {
    this.rules.give(rule)
  }

  closed(rule: Rule, error: unknown): CompiledRule {
    return this.rules.takeSingle(rule, this.made(rule.id, compileClosed(rule, error, this.around)))
  }

  takeStream(rule: StreamRule): CompiledStream {
    return this.streams.take(rule)
  }

  giveStream(stream: CompiledStream): void {
    this.streams.give(stream)
  }

  /** The filters of a listener; the same list gives the same, over all snapshots. */
  takeChain(name: string, filters: readonly FilterConfig[]): ListenerChain {
    this.chainName = name
    return this.chains.take(filters)
  }

  giveChain(chain: ListenerChain): void {
    this.chains.give(chain)
  }

  /** Whether some cluster has come, or gone, that a rule was compiled without, or with. */
  get isStale(): boolean {
    const { clusters } = this.around
    const differs = (name: string | null, cluster: object | null): boolean =>
      (name === null ? null : (clusters.get(name) ?? null)) !== cluster
    for (const rule of this.rules.compiled())
      if (rule.clusters.some(([name, cluster]) => differs(name, cluster))) return true
    for (const { rule, backends } of this.streams.compiled())
      if (rule.backends.some(({ cluster }, i) => differs(cluster, backends[i]!.cluster))) return true
    return false
  }

  private make(rule: Rule): Made<CompiledRule> {
    const { epochs, makeKit } = this.options
    if (!needsKit(rule)) return this.made(rule.id, compileRule(rule, { ...this.around, kit: this.plainKit }))
    const { epoch } = epochs.current
    const kit = makeKit()
    return this.made(rule.id, compileRule(rule, { ...this.around, kit }), () =>
      epochs.leave(epoch, () => kit.retire()),
    )
  }

  private makeChain(filters: readonly FilterConfig[]): Made<ListenerChain> {
    const { epochs, makeKit } = this.options
    const { epoch } = epochs.current
    const kit = makeKit()
    const compiled = compileChain(this.chainName, filters, { ...this.around, kit })
    return { compiled, end: () => epochs.leave(epoch, () => kit.retire()) }
  }

  private makeStream(rule: StreamRule): Made<CompiledStream> {
    return this.made(rule.id, compileStream(rule, this.around))
  }

  private made<C>(id: string, compiled: C, end: () => void = () => {}): Made<C> {
    const { epochs, instruments } = this.options
    const { ids } = this
    const { epoch } = epochs.current
    ids.set(id, (ids.get(id) ?? 0) + 1)
    const left = (): void => {
      end()
      const others = ids.get(id)! - 1
      if (others > 0) ids.set(id, others)
      else ids.delete(id)
      // It may have come back when its exchanges are over.
      epochs.leave(epoch, () => {
        if (!ids.has(id)) instruments.routes.close(id)
      })
    }
    return { compiled, end: left }
  }
}

function needsKit({ filters, action }: Rule): boolean {
  if (filters.length > 0 || action.type === 'handle') return true
  return action.type === 'forward' && action.backends.some(one => one.filters.length > 0)
}
