import { lookup as systemLookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import { systemClock, type Cancel, type Clock } from './clock.ts'
import type { RandomSource } from './balancers/balancer.ts'

/** The IP addresses of a name; rejects (with a `code`, where there is one) when there are none. */
export type DnsLookup = (name: string) => Promise<readonly string[]>

/**
 * What is known of a name: `pending` before the first answer, `good` with the
 * last good addresses, `failed` while there never was one.
 */
export interface DnsAnswer {
  readonly state: 'pending' | 'good' | 'failed'
  /** As node:dns has it, while `failed`. */
  readonly code?: string
  /** IPv4 before IPv6, each in order; no duplicates. The same array as long as they are the same addresses. */
  readonly addresses: readonly string[]
}

export interface DnsEvents {
  onResolved(name: string, addresses: readonly string[]): void
  /** `code` as node:dns has it, `ENOTFOUND`; `kept` addresses of the last good answer stay in use. */
  onResolveFailed(name: string, code: string, kept: number, retryInMs: number): void
}

/** One user's interest in a name. */
export interface DnsWatch {
  readonly answer: DnsAnswer
  close(): void
}

export interface DnsOptions {
  readonly lookup?: DnsLookup
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly events?: DnsEvents
}

const firstRetryMs = 500
/** Whatever a cluster asks for, its name is not resolved more often than this. */
const shortestWaitMs = 100

/**
 * Names of upstream endpoints, each resolved once for all clusters that use it,
 * again every `refreshMs` (the shortest that any of them asks for), and no longer
 * when nobody does. Failures are retried with back-off and leave the last good
 * answer in use: a DNS server that is down must not take the upstreams with it.
 */
export class DnsResolver {
  private readonly names = new Map<string, DnsName>()
  private readonly options: Required<DnsOptions>

  constructor(options: DnsOptions = {}) {
    this.options = {
      lookup: lookupSystem,
      clock: systemClock,
      random: Math.random,
      events: silent,
      ...options,
    }
  }

  /** `onAnswer` is called with every change of the answer, never during this call. */
  watch(name: string, refreshMs: number, onAnswer: (answer: DnsAnswer) => void): DnsWatch {
    const key = name.toLowerCase()
    let entry = this.names.get(key)
    if (entry === undefined) this.names.set(key, (entry = new DnsName(key, this.options)))
    const known = entry
    const leave = known.join({ refreshMs, onAnswer })
    const close = (): void => {
      if (leave() === 0 && this.names.get(key) === known) this.names.delete(key)
    }
    return {
      get answer() {
        return known.answer
      },
      close,
    }
  }

  /** How many names are being resolved. */
  get size(): number {
    return this.names.size
  }
}

interface Watcher {
  readonly refreshMs: number
  readonly onAnswer: (answer: DnsAnswer) => void
}

class DnsName {
  answer: DnsAnswer = { state: 'pending', addresses: [] }
  private readonly name: string
  private readonly options: Required<DnsOptions>
  private readonly watchers = new Set<Watcher>()
  private cancelTimer: Cancel | null = null
  private asking = false
  private failures = 0
  /** What the timer was set to. */
  private waitMs = 0

  constructor(name: string, options: Required<DnsOptions>) {
    this.name = name
    this.options = options
  }

  /** Answers how to leave; leaving answers how many stay. */
  join(watcher: Watcher): () => number {
    this.watchers.add(watcher)
    if (this.watchers.size === 1) this.ask()
    // A newcomer may want it fresher than those who set the timer.
    else if (this.cancelTimer !== null && this.failures === 0 && watcher.refreshMs < this.waitMs)
      this.schedule()
    return () => {
      this.watchers.delete(watcher)
      if (this.watchers.size === 0) this.stop()
      return this.watchers.size
    }
  }

  private stop(): void {
    this.cancelTimer?.()
    this.cancelTimer = null
  }

  private ask(): void {
    this.stop()
    // getaddrinfo can take many seconds; a second one would wait behind the first.
    if (this.asking) return
    this.asking = true
    this.options.lookup(this.name).then(
      addresses => this.answered(addresses),
      (error: unknown) => this.failed(errorCode(error)),
    )
  }

  private answered(addresses: readonly string[]): void {
    // Some resolvers answer an existing name without addresses instead of failing.
    if (addresses.length === 0) return this.failed('ENODATA')
    this.asking = false
    this.failures = 0
    const ordered = orderAddresses(addresses)
    const before = this.answer
    const same = before.state === 'good' && sameList(before.addresses, ordered)
    if (!same) this.answer = { state: 'good', addresses: ordered }
    this.schedule()
    if (same || this.watchers.size === 0) return
    this.options.events.onResolved(this.name, ordered)
    this.tell()
  }

  private failed(code: string): void {
    this.asking = false
    this.failures++
    const first = this.answer.state === 'pending'
    if (this.answer.state !== 'good') this.answer = { state: 'failed', code, addresses: [] }
    this.schedule()
    if (this.watchers.size === 0) return
    this.options.events.onResolveFailed(this.name, code, this.answer.addresses.length, this.waitMs)
    if (first) this.tell()
  }

  private tell(): void {
    for (const { onAnswer } of this.watchers) onAnswer(this.answer)
  }

  private schedule(): void {
    this.stop()
    if (this.watchers.size === 0) return
    let refreshMs = Infinity
    for (const watcher of this.watchers) refreshMs = Math.min(refreshMs, watcher.refreshMs)
    const plainMs =
      this.failures === 0 ? refreshMs : Math.min(refreshMs, firstRetryMs * 2 ** (this.failures - 1))
    // A tenth of jitter: names (and workers, and gateways) that began together must not ask together for ever.
    this.waitMs = Math.max(shortestWaitMs, plainMs) * (0.9 + 0.2 * this.options.random())
    this.cancelTimer = this.options.clock.after(this.waitMs, () => this.ask())
  }
}

/** Through the system (getaddrinfo), so that /etc/hosts and search domains count as they do for every other program. */
async function lookupSystem(name: string): Promise<readonly string[]> {
  const found = await systemLookup(name, { all: true })
  return found.map(({ address }) => address)
}

/** Servers rotate their answers; sorted, the same set is the same list and changes nothing downstream. */
function orderAddresses(addresses: readonly string[]): readonly string[] {
  const unique = [...new Set(addresses)].sort()
  return [...unique.filter(address => !isIPv6(address)), ...unique.filter(address => isIPv6(address))]
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return 'UNKNOWN'
}

/** What a `code` says, for the log: that there is no such name, or that nobody could be asked. */
export function dnsReason(code: string): string {
  return reasons[code] ?? code
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'name_not_found',
  ENODATA: 'name_without_address',
  // getaddrinfo has one for a server that fails and for one that does not answer in time.
  EAI_AGAIN: 'resolver_unavailable',
}

const silent: DnsEvents = { onResolved() {}, onResolveFailed() {} }
