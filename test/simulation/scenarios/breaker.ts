import type { BreakerTrip } from '../../../src/snapshot/resilience.ts'
import { openLoop } from '../engine/clients.ts'
import { CLIENTS, fifty, PER_SECOND } from '../engine/fleet.ts'
import { Gateway, type Told } from '../engine/gateway.ts'
import { BySecond, quantile } from '../engine/records.ts'
import { simulate } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { axis, figure, type Axis } from '../plot/svg.ts'

export const SECONDS = 60
/** All of the backend accepts requests, and takes 5 s for each, where clients have a timeout of 1 s. */
export const FAULT_S = [10, 40] as const

/** The defaults of `circuitBreaker.trip`, but for `openFor`. */
export const trip: BreakerTrip = {
  intervalMs: 10_000,
  minRequests: 20,
  errorPercent: 50,
  slowPercent: 0,
  slowAfterMs: 60_000,
  openMs: 5_000,
  probes: 3,
}

export interface Run {
  readonly load: BySecond
  readonly good: BySecond
  readonly bad: BySecond
  /** Of failed requests, in ms. */
  readonly waitsMs: readonly number[]
  /** What became of the breaker, whichever worker told of it. */
  readonly told: readonly Told[]
  /** How many requests of clients were under way, at the end of each second. */
  readonly underWay: readonly number[]
}

export function runOf(breaker: BreakerTrip | null, seed: number): Run {
  return simulate(seed, world => {
    const gateway = new Gateway(world, {
      workers: 4,
      hosts: fifty(() => [{ fromMs: FAULT_S[0] * 1000, untilMs: FAULT_S[1] * 1000, takesMs: 5_000 }], {
        places: 1_000,
      }),
      forward: { requestTimeoutMs: 1_000 },
      cluster: {
        ejection: null,
        ...(breaker !== null && { breaker: { maxRequests: 0, maxRetries: 0, trip: breaker } }),
      },
    })
    const [load, good, bad] = [new BySecond(SECONDS), new BySecond(SECONDS), new BySecond(SECONDS)]
    const waitsMs: number[] = []
    let now = 0
    const underWay: number[] = []
    world.time.every(1_000, () => underWay.push(now))
    for (const host of gateway.hosts) host.onArrival = () => load.add(world.time.elapsedMs)
    openLoop(
      world,
      CLIENTS,
      PER_SECOND,
      (client, onOver) => {
        now++
        return gateway.request(client, onOver)
      },
      ({ status, ms }, beganMs) => {
        now--
        ;(status === 200 ? good : bad).add(beganMs)
        if (status !== 200) waitsMs.push(ms)
      },
    )
    world.time.runUntil(SECONDS * 1000)
    return { load, good, bad, waitsMs, told: gateway.told, underWay }
  })
}

const x: Axis = axis('seconds', SECONDS, 5)
const bands = [{ from: FAULT_S[0], to: FAULT_S[1], label: 'answers take 5 s, clients wait 1 s' }]

export const breaker: Scenario = {
  name: 'breaker',
  show() {
    const runs = [
      ['no breaker', runOf(null, 1)],
      ['a breaker', runOf(trip, 1)],
    ] as const
    return {
      svg: figure('Load on a backend that hangs, and requests under way, with a breaker and without', [
        {
          title: 'A backend that hangs: what it is sent',
          x,
          y: axis('requests per second', 1_250, 250),
          bands,
          series: runs.map(([name, { load }]) => ({
            name,
            points: load.points,
          })),
        },
        {
          title: 'And how many requests the gateway holds for it',
          x,
          y: axis('requests under way', 1_250, 250),
          bands,
          series: runs.map(([name, { underWay }]) => ({
            name,
            points: underWay.map((count, i) => [i + 1, count] as const),
          })),
        },
      ]),
      table: tableOf(
        [
          '',
          'sent while it hung, of 1,000 in a second',
          'failed requests waited (median)',
          'under way at most',
          'the breaker',
          'good answers in the first 10 s after',
        ],
        runs.map(([name, run]) => {
          const { load, good, bad, waitsMs, told, underWay } = run
          const [from, until] = FAULT_S
          return [
            name,
            percent(load.sum(from, until) / ((until - from) * PER_SECOND)),
            `${Math.round(quantile(waitsMs, 0.5))} ms`,
            Math.max(...underWay),
            storyOf(told) || '—',
            percent(good.sum(until, until + 10) / (good.sum(until, until + 10) + bad.sum(until, until + 10))),
          ]
        }),
      ),
    }
  },
}

/** `open 6 times, closed at 41.2 s`. */
function storyOf(told: readonly Told[]): string {
  const opened = told.filter(({ what }) => what === 'open')
  const closed = told.find(({ what }) => what === 'closed')
  if (opened.length === 0) return ''
  const at = (ms: number | undefined): string =>
    ms === undefined ? 'never' : `at ${(ms / 1000).toFixed(1)} s`
  return `opened ${at(opened[0]?.atMs)}, ${opened.length - 1} times again by a probe; closed ${at(closed?.atMs)}`
}
