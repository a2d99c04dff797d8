import type { RetryBudgetSettings } from '../../../src/snapshot/resilience.ts'
import type { Forward } from '../../../src/snapshot/rule.ts'
import { openLoop } from '../engine/clients.ts'
import { CLIENTS, fifty, PER_SECOND } from '../engine/fleet.ts'
import { Gateway } from '../engine/gateway.ts'
import type { HostSettings } from '../engine/host.ts'
import { BySecond } from '../engine/records.ts'
import { simulate } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { axis, figure, type Axis, type Panel } from '../plot/svg.ts'

/** Whoever repeats as often as a route says, whatever that makes of the load. */
const boundless: RetryBudgetSettings = { percent: 1e6, intervalMs: 10_000, minRetries: 1e6 }

const variants = {
  'no retries': { retry: null, budget: undefined },
  '3 retries, no budget': { retry: 3, budget: boundless },
  '3 retries, the budget': { retry: 3, budget: undefined },
} as const

type Variant = keyof typeof variants

interface Run {
  /** Attempts that reached the backend, and requests of clients that were answered well, or not, by when they began. */
  readonly load: BySecond
  readonly good: BySecond
  readonly bad: BySecond
}

interface Setting {
  readonly seconds: number
  readonly perSecond: number
  readonly fault: { readonly fromS: number; readonly untilS: number }
  readonly hosts: readonly HostSettings[]
  readonly forward: Partial<Forward>
}

/** All of the backend answers 503 for 20 s. */
export const failing: Setting = {
  seconds: 45,
  perSecond: PER_SECOND,
  fault: { fromS: 10, untilS: 30 },
  hosts: fifty(() => [{ fromMs: 10_000, untilMs: 30_000, status: 503 }]),
  forward: {},
}

/**
 * All of it is three times as slow for 10 s. It could do 1,000 requests in a second and has 600, waits for an answer are
 * 0.5 s, and what clients wait for no longer it works at all the same.
 */
export const slow: Setting = {
  seconds: 43,
  perSecond: 600,
  fault: { fromS: 10, untilS: 20 },
  hosts: fifty(() => [{ fromMs: 10_000, untilMs: 20_000, slower: 3 }], {
    serviceMs: 200,
    spread: 0.1,
    queue: 50,
  }),
  forward: { backendTimeoutMs: 500, requestTimeoutMs: 3_000 },
}

export function runOf({ seconds, perSecond, hosts, forward }: Setting, variant: Variant, seed: number): Run {
  const { retry: attempts, budget } = variants[variant]
  const retry = attempts === null ? null : { attempts, codes: [503], backoffMs: 25 }
  return simulate(seed, world => {
    const gateway = new Gateway(world, {
      workers: 4,
      cluster: budget === undefined ? {} : { retryBudget: budget },
      forward: { ...forward, retry },
      hosts,
    })
    const [load, good, bad] = [new BySecond(seconds), new BySecond(seconds), new BySecond(seconds)]
    for (const host of gateway.hosts) host.onArrival = () => load.add(world.time.elapsedMs)
    openLoop(
      world,
      CLIENTS,
      perSecond,
      (client, onOver) => gateway.request(client, onOver),
      ({ status }, beganMs) => (status === 200 ? good : bad).add(beganMs),
    )
    world.time.runUntil(seconds * 1000)
    return { load, good, bad }
  })
}

const names = Object.keys(variants) as Variant[]

type Runs = Readonly<Record<Variant, Run>>
const all = (setting: Setting): Runs =>
  Object.fromEntries(names.map(name => [name, runOf(setting, name, 1)])) as Runs

function panel(
  title: string,
  y: Axis,
  { fault, seconds }: Setting,
  runs: Runs,
  label: string,
  of: (one: Run) => BySecond,
): Panel {
  return {
    title,
    x: axis('seconds', seconds, 5),
    y,
    bands: [{ from: fault.fromS, to: fault.untilS, label }],
    // A request that began in the last seconds may not be over.
    series: names.map(name => ({
      name,
      points: of(runs[name]).points.slice(0, seconds - 3),
    })),
  }
}

export const retries: Scenario = {
  name: 'retries',
  show() {
    const [one, other] = [all(failing), all(slow)]
    const rows = names.map(name => {
      const sent = one[name].load.sum(10, 30) / asked(one[name], 10, 30)
      const worst = Math.max(...one[name].load.counts) / PER_SECOND
      const good = other[name].good.sum(32, 40) / asked(other[name], 32, 40)
      return [name, sent.toFixed(2), worst.toFixed(2), percent(good)]
    })
    return {
      svg: figure(
        'Load on a backend that fails, and what becomes of one that was slow, by how retries are bounded',
        [
          panel(
            'A backend that fails: what it is sent',
            axis('requests per second', 4_500, 500),
            failing,
            one,
            'all answers are 503',
            ({ load }) => load,
          ),
          panel(
            'A backend that was slow: what clients have of it',
            axis('good answers per second', 750, 250),
            slow,
            other,
            'three times as slow',
            ({ good }) => good,
          ),
        ],
      ),
      table: tableOf(
        [
          '',
          'sent for each request of a client, while all fails',
          'in the worst second, of the usual load',
          'good answers, from 12 s after the backend was slow',
        ],
        rows,
      ),
    }
  },
}

/** By clients, in these seconds. */
export function asked({ good, bad }: Pick<Run, 'good' | 'bad'>, from: number, until: number): number {
  return good.sum(from, until) + bad.sum(from, until)
}
