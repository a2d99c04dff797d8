import { backendDefaults } from '../../../src/model/defaults.ts'
import type { AdaptiveConcurrencySettings } from '../../../src/snapshot/resilience.ts'
import { openLoop } from '../engine/clients.ts'
import { CLIENTS, fifty } from '../engine/fleet.ts'
import { Gateway } from '../engine/gateway.ts'
import { BySecond, latencyOf } from '../engine/records.ts'
import { simulate } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { axis, figure } from '../plot/svg.ts'

export const SECONDS = 50
/** In these seconds the backend, which could do 1,000 requests in a second and has 700, is three times as slow. */
export const FAULT_S = [15, 30] as const
const PER_SECOND = 700

/** The defaults of `adaptiveConcurrency`. */
export const settings: AdaptiveConcurrencySettings = backendDefaults.adaptiveConcurrency

export interface Run {
  /** Of requests that began in each second. */
  readonly good: BySecond
  readonly refused: BySecond
  readonly late: BySecond
  /** Of good answers in ms, by the second in which they began. */
  readonly latenciesMs: readonly number[][]
  /** How many at once all workers together let through, at the end of each second. */
  readonly limits: readonly number[]
}

export function runOf(adaptiveConcurrency: AdaptiveConcurrencySettings | null, seed: number): Run {
  return simulate(seed, world => {
    const gateway = new Gateway(world, {
      workers: 4,
      hosts: fifty(() => [{ fromMs: FAULT_S[0] * 1000, untilMs: FAULT_S[1] * 1000, slower: 3 }], {
        serviceMs: 100,
        spread: 0.2,
        places: 2,
        queue: 50,
      }),
      forward: { requestTimeoutMs: 1_000 },
      cluster: {
        ejection: null,
        balancer: { type: 'LeastRequest' },
        ...(adaptiveConcurrency !== null && { adaptiveConcurrency }),
      },
    })
    const [good, refused, late] = [new BySecond(SECONDS), new BySecond(SECONDS), new BySecond(SECONDS)]
    const latenciesMs: number[][] = Array.from({ length: SECONDS }, () => [])
    const limits: number[] = []
    world.time.every(1_000, () => limits.push(gateway.concurrencyLimit))
    openLoop(
      world,
      CLIENTS,
      PER_SECOND,
      (client, onOver) => gateway.request(client, onOver),
      ({ status, failure, ms }, beganMs) => {
        if (failure === 'concurrency_limit_reached') refused.add(beganMs)
        else if (status !== 200) late.add(beganMs)
        else {
          good.add(beganMs)
          latenciesMs[Math.floor(beganMs / 1000)]?.push(ms)
        }
      },
    )
    world.time.runUntil(SECONDS * 1000 + 1_000)
    return { good, refused, late, latenciesMs, limits }
  })
}

export const concurrency: Scenario = {
  name: 'concurrency',
  show() {
    const runs = [
      ['no limit', runOf(null, 1)],
      ['adaptive', runOf(settings, 1)],
    ] as const
    const [from, until] = FAULT_S
    const x = axis('seconds', SECONDS, 5)
    const bands = [{ from, to: until, label: 'three times as slow' }]
    const ms = (value: number): string => (value === 0 ? '—' : `${Math.round(value)} ms`)
    const [, [, ours]] = runs
    return {
      svg: figure(
        'Good answers of a backend that bears less for a while, with a limit that adapts and without',
        [
          {
            title: 'A backend that bears a third for a while: good answers',
            x,
            y: axis('good answers per second', 800, 200),
            bands,
            series: runs.map(([name, { good }]) => ({
              name,
              points: good.points,
            })),
          },
          {
            title: 'And how many requests at once are let through',
            x,
            y: axis('at once', 400, 100),
            bands,
            series: [
              {
                name: 'limit, all workers',
                points: ours.limits.slice(0, SECONDS).map((limit, i) => [i + 1, limit] as const),
              },
            ],
          },
        ],
      ),
      table: tableOf(
        ['', 'good answers, before', 'while slow', 'after', 'they took, while slow (median, 99 %)'],
        runs.map(([name, run]) => {
          const share = (first: number, last: number): string =>
            percent(run.good.sum(first, last) / ((last - first) * PER_SECOND))
          return [
            name,
            share(5, from),
            share(from + 2, until),
            share(until + 2, SECONDS),
            `${ms(latencyOf(run, 0.5, from + 2, until))}, ${ms(latencyOf(run, 0.99, from + 2, until))}`,
          ]
        }),
      ),
    }
  },
}
