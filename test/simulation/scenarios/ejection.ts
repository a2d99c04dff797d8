import { openLoop } from '../engine/clients.ts'
import { CLIENTS, fifty } from '../engine/fleet.ts'
import { Gateway } from '../engine/gateway.ts'
import { simulate } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { axis, figure } from '../plot/svg.ts'

/** `max_ejection_percent` and `healthy_panic_threshold` of Envoy, `maxEjectedPercent` and `panicThreshold` of ours. */
export interface Setting {
  readonly maxEjectedPercent: number
  readonly panicPercent: number
}

export interface Run {
  readonly ejected: number
  readonly panics: boolean
  /** Of the requests of clients, when all that is ejected is. */
  readonly failed: number
}

/** By then five in a row have failed at each endpoint of each worker, as `consecutive5xx` says. */
const SETTLED_MS = 3_000
const END_MS = 6_000
const HOSTS = 50

/** So many of fifty answer 503, always. */
export function runOf(failing: number, { maxEjectedPercent, panicPercent }: Setting, seed: number): Run {
  return simulate(seed, world => {
    const gateway = new Gateway(world, {
      workers: 2,
      hosts: fifty(host => (host < failing ? [{ fromMs: 0, untilMs: END_MS, status: 503 }] : [])),
      forward: {},
      cluster: {
        panicPercent,
        ejection: {
          consecutiveFailures: 5,
          baseEjectionMs: 30_000,
          maxEjectionMs: 300_000,
          maxEjectedPercent,
          passive: {
            consecutive5xx: 5,
            consecutiveGatewayErrors: 0,
            intervalMs: 10_000,
            successRate: null,
            latency: null,
          },
        },
      },
    })
    let [all, failed] = [0, 0]
    openLoop(
      world,
      CLIENTS,
      500,
      (client, onOver) => gateway.request(client, onOver),
      ({ status }, beganMs) => {
        if (beganMs < SETTLED_MS) return
        all++
        if (status !== 200) failed++
      },
    )
    world.time.runUntil(END_MS)
    const { endpoints, panics } = gateway.cluster()
    return {
      ejected: [...endpoints].filter(({ ejectedUntilMs }) => ejectedUntilMs > 0).length,
      panics,
      failed: failed / all,
    }
  })
}

/**
 * What Envoy's documents say: outliers are ejected up to the share; where less than the threshold of all is available,
 * requests go to all.
 */
export function envoySays(failing: number, { maxEjectedPercent, panicPercent }: Setting): Run {
  const ejected = Math.min(failing, Math.floor((HOSTS * maxEjectedPercent) / 100))
  const panics = (HOSTS - ejected) * 100 < HOSTS * panicPercent
  return { ejected, panics, failed: panics ? failing / HOSTS : (failing - ejected) / (HOSTS - ejected || 1) }
}

/** The first is Envoy's default, the second ours. */
export const settings: readonly Setting[] = [
  { maxEjectedPercent: 10, panicPercent: 50 },
  { maxEjectedPercent: 50, panicPercent: 50 },
  { maxEjectedPercent: 100, panicPercent: 50 },
]
export const counts = [1, 5, 10, 20, 25, 30, 40, 50] as const

const nameOf = ({ maxEjectedPercent }: Setting): string => `${maxEjectedPercent} % at most`
const said = ({ ejected, panics, failed }: Run): string =>
  `${ejected} out${panics ? ', panic' : ''}: ${percent(failed, 0)}`

export const ejection: Scenario = {
  name: 'ejection',
  show() {
    const runs = settings.map(setting => counts.map(count => runOf(count, setting, 1)))
    return {
      svg: figure('Failed requests by how many of fifty endpoints fail, and how many may be ejected', [
        {
          title: 'Requests of clients that fail where some of fifty endpoints always do',
          x: axis('endpoints that fail', HOSTS, 5),
          y: axis('failed requests, %', 100, 20),
          series: [
            {
              name: 'nobody ejected',
              points: [
                [0, 0],
                [HOSTS, 100],
              ],
            },
            ...settings.map((setting, i) => ({
              name: nameOf(setting),
              points: [
                [0, 0] as const,
                ...counts.map((count, at) => [count, runs[i]![at]!.failed * 100] as const),
              ],
            })),
          ],
        },
      ]),
      table: tableOf(
        ['endpoints that fail', ...settings.flatMap(setting => [`${nameOf(setting)}: Envoy`, 'here'])],
        counts.map((count, at) => [
          count,
          ...settings.flatMap((setting, i) => [said(envoySays(count, setting)), said(runs[i]![at]!)]),
        ]),
      ),
    }
  },
}
