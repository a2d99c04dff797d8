import type { HedgingSettings } from '../../../src/snapshot/resilience.ts'
import { openLoop } from '../engine/clients.ts'
import { CLIENTS, fifty, PER_SECOND } from '../engine/fleet.ts'
import { Gateway } from '../engine/gateway.ts'
import { BySecond, latencyOf, quantile } from '../engine/records.ts'
import { simulate } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { axis, figure } from '../plot/svg.ts'

export const SECONDS = 40
/** From here on all endpoints take ten times as long. */
export const SLOW_S = 25

/** The defaults of `hedging`. */
export const settings: HedgingSettings = { percentile: 95, minDelayMs: 10, maxPercent: 5, methods: ['GET'] }

export interface Run {
  readonly asked: BySecond
  /** Attempts beyond the first. */
  readonly hedges: readonly number[]
  /** Of requests, by the second in which they began. */
  readonly latenciesMs: readonly number[][]
}

/** Of all answers one in fifty takes 400 ms instead of 20, wherever: what hedging is for. */
export function runOf(hedging: HedgingSettings | null, seed: number): Run {
  return simulate(seed, world => {
    const gateway = new Gateway(world, {
      workers: 4,
      hosts: fifty(
        () => [
          { fromMs: 0, untilMs: SLOW_S * 1000, slower: 20, share: 0.02 },
          { fromMs: SLOW_S * 1000, untilMs: SECONDS * 1000, slower: 10 },
        ],
        { places: 20 },
      ),
      forward: {},
      cluster: hedging === null ? {} : { hedging },
    })
    const [load, asked] = [new BySecond(SECONDS), new BySecond(SECONDS)]
    const latenciesMs: number[][] = Array.from({ length: SECONDS }, () => [])
    for (const host of gateway.hosts) host.onArrival = () => load.add(world.time.elapsedMs)
    openLoop(
      world,
      CLIENTS,
      PER_SECOND,
      (client, onOver) => {
        asked.add(world.time.elapsedMs)
        gateway.request(client, onOver)
      },
      ({ ms }, beganMs) => latenciesMs[Math.floor(beganMs / 1000)]?.push(ms),
    )
    world.time.runUntil(SECONDS * 1000)
    return {
      asked,
      hedges: load.counts.map((count, i) => Math.max(0, count - asked.counts[i]!)),
      latenciesMs,
    }
  })
}

export function shareOf({ hedges, asked }: Run, from: number, until: number): number {
  return hedges.slice(from, until).reduce((sum, count) => sum + count, 0) / asked.sum(from, until)
}

export const hedging: Scenario = {
  name: 'hedging',
  show() {
    const runs = [
      ['no hedging', runOf(null, 1)],
      ['hedging', runOf(settings, 1)],
    ] as const
    const x = axis('seconds', SECONDS, 5)
    const bands = [{ from: SLOW_S, to: SECONDS, label: 'all take ten times as long' }]
    const [, [, ours]] = runs
    const ms = (value: number): string => `${Math.round(value)} ms`
    return {
      svg: figure('Latency and additional requests, with hedging and without', [
        {
          title: 'One answer in fifty takes 400 ms instead of 20, wherever it comes from',
          x,
          y: {
            label: 'ms, 99th percentile',
            from: 20,
            to: 1_000,
            log: true,
            ticks: [20, 50, 100, 200, 500, 1_000],
          },
          bands,
          series: runs.map(([name, { latenciesMs }]) => ({
            name,
            points: latenciesMs.slice(0, -1).map((own, i) => [i + 0.5, quantile(own, 0.99)] as const),
          })),
        },
        {
          title: 'What it costs: second attempts, at most 5 % of the requests of ten seconds',
          x,
          y: axis('of the requests of the second, %', 15, 5),
          bands,
          series: [
            {
              name: 'second attempts',
              points: ours.hedges.map(
                (count, i) => [i + 0.5, (count / ours.asked.counts[i]!) * 100] as const,
              ),
            },
          ],
        },
      ]),
      table: tableOf(
        ['', 'median', '99 %', '99.9 %', 'second attempts', 'second attempts, when all is slow'],
        runs.map(([name, run]) => [
          name,
          ms(latencyOf(run, 0.5, 10, SLOW_S)),
          ms(latencyOf(run, 0.99, 10, SLOW_S)),
          ms(latencyOf(run, 0.999, 10, SLOW_S)),
          percent(shareOf(run, 10, SLOW_S)),
          percent(shareOf(run, SLOW_S, SECONDS)),
        ]),
      ),
    }
  },
}
