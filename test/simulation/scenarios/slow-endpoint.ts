import { openLoop } from '../engine/clients.ts'
import { CLIENTS, fifty, PER_SECOND } from '../engine/fleet.ts'
import { Gateway, type GatewaySettings } from '../engine/gateway.ts'
import type { HostSettings } from '../engine/host.ts'
import { quantile } from '../engine/records.ts'
import { simulate } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { figure, type Axis } from '../plot/svg.ts'

export const balancers = ['RoundRobin', 'LeastRequest', 'PeakEWMA'] as const
type Balancer = (typeof balancers)[number]

interface Run {
  /** Of all requests, in ms. */
  readonly latenciesMs: readonly number[]
  /** Of all requests, those that the slow endpoint had. */
  readonly slowShare: number
}

interface Setting extends Pick<GatewaySettings, 'hosts' | 'workers'> {
  readonly seconds: number
  /** When the slow one, which is the first, begins to be that, and when it ends. */
  readonly slowS: readonly [from: number, until: number]
  /** Whether all requests count, or those alone that came while it was slow. */
  readonly countsAll: boolean
}

/** One of fifty takes twenty times as long. */
export const ours: Setting = {
  seconds: 25,
  slowS: [5, 25],
  countsAll: false,
  workers: 4,
  hosts: fifty(host => (host === 0 ? [{ fromMs: 5_000, untilMs: 25_000, slower: 20 }] : []), { places: 20 }),
}

/** Linkerd's experiment: eleven servers, a median of 167 ms with a deviation of 5, one of them at 2 s for half of a minute. */
const eleven: readonly HostSettings[] = Array.from({ length: 11 }, (_, host) => ({
  serviceMs: 167,
  spread: 0.03,
  places: 10_000,
  queue: 0,
  faults: host === 0 ? [{ fromMs: 15_000, untilMs: 45_000, takesMs: 2_000 }] : [],
}))
export const linkerds: Setting = {
  seconds: 60,
  slowS: [15, 45],
  countsAll: true,
  workers: 1,
  hosts: eleven,
}

export function runOf(
  { seconds, slowS, countsAll, workers, hosts }: Setting,
  type: Balancer,
  seed: number,
): Run {
  return simulate(seed, world => {
    const gateway = new Gateway(world, { workers, hosts, cluster: { balancer: { type } }, forward: {} })
    const latenciesMs: number[] = []
    let [all, slow] = [0, 0]
    const counts = (ms: number): boolean => countsAll || (ms >= slowS[0] * 1000 && ms < slowS[1] * 1000)
    for (const [i, host] of gateway.hosts.entries())
      host.onArrival = () => {
        if (!counts(world.time.elapsedMs)) return
        all++
        if (i === 0) slow++
      }
    openLoop(
      world,
      CLIENTS,
      PER_SECOND,
      (client, onOver) => gateway.request(client, onOver),
      ({ ms }, beganMs) => {
        if (counts(beganMs)) latenciesMs.push(ms)
      },
    )
    world.time.runUntil(seconds * 1000 + 3_000)
    return { latenciesMs, slowShare: slow / all }
  })
}

/** Of those that took longer than the rest, the further right the fewer, as in Linkerd's plot. */
const percentiles = [50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95]
const beyond = (of: number): number => 100 / (100 - of)

const x: Axis = {
  label: 'percentile of requests',
  from: beyond(50),
  to: beyond(99.95),
  log: true,
  ticks: [50, 75, 90, 95, 98, 99, 99.5, 99.9, 99.95].map(of => [beyond(of), `${of} %`] as const),
}
const y = (from: number, to: number, ticks: readonly number[]): Axis => ({
  label: 'milliseconds',
  from,
  to,
  log: true,
  ticks,
})

const seriesOf = (runs: readonly (readonly [string, Run])[]) =>
  runs.map(([name, { latenciesMs }]) => ({
    name,
    points: percentiles.map(of => [beyond(of), quantile(latenciesMs, of / 100)] as const),
  }))

/** As Linkerd tells it: with a timeout of 1 s, so many succeed. */
const linkerdSays: Readonly<Record<Balancer, string>> = {
  RoundRobin: '95 %',
  LeastRequest: '99 %',
  PeakEWMA: '99.9 %',
}

export const inTime = ({ latenciesMs }: Run): number =>
  latenciesMs.filter(ms => ms < 1_000).length / latenciesMs.length

export const slowEndpoint: Scenario = {
  name: 'slow-endpoint',
  show() {
    const fiftyRuns = balancers.map(name => [name, runOf(ours, name, 1)] as const)
    const elevenRuns = balancers.map(name => [name, runOf(linkerds, name, 1)] as const)
    const ms = (value: number): string => `${Math.round(value)} ms`
    return {
      svg: figure('Latencies by percentile where one endpoint is slow, for each balancer', [
        {
          title: 'One of fifty endpoints takes 400 ms instead of 20',
          x,
          y: y(10, 1_000, [10, 20, 50, 100, 200, 500, 1_000]),
          series: seriesOf(fiftyRuns),
        },
        {
          title: 'Linkerd’s experiment: one of eleven takes 2 s instead of 167 ms, for half of a minute',
          x,
          y: y(100, 3_000, [100, 200, 500, 1_000, 2_000]),
          series: seriesOf(elevenRuns),
        },
      ]),
      table: tableOf(
        [
          'one of fifty is slow',
          'its share of requests',
          'median',
          '99 %',
          '99.9 %',
          'Linkerd’s experiment: within 1 s',
          'as Linkerd has published',
        ],
        fiftyRuns.map(([name, run], i) => [
          `\`${name}\``,
          percent(run.slowShare, 2),
          ms(quantile(run.latenciesMs, 0.5)),
          ms(quantile(run.latenciesMs, 0.99)),
          ms(quantile(run.latenciesMs, 0.999)),
          percent(inTime(elevenRuns[i]![1]), 2),
          linkerdSays[name],
        ]),
      ),
    }
  },
}
