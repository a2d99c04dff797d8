import type { Endpoint } from '../../../src/snapshot/cluster.ts'
import { closedLoop } from '../engine/clients.ts'
import { CLIENTS, fifty } from '../engine/fleet.ts'
import { endpointOf, Gateway } from '../engine/gateway.ts'
import { BySecond } from '../engine/records.ts'
import { simulate, type World } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { axis, figure } from '../plot/svg.ts'

const HOSTS = 50
/** One after another, each as long as it takes: the next one goes when this one is back. */
const EACH_MS = 1_000
/** Of that so long it takes nobody. */
const DOWN_MS = 600
/** Before it goes an endpoint is terminating for so long, where it says so. */
const DRAIN_MS = 200
/** What has just begun is slow for a while, and refuses what is too much for it. */
const COLD_MS = 2_000
/** Of a thousand clients a thousand requests in a second, nearly. */
const THINK_MS = 1_000
export const SECONDS = 58

export interface Setting {
  /** EndpointSlices tell that an endpoint goes before it does, and that it is back when it is. */
  readonly told: boolean
  /** What may be sent again, and what must not. */
  readonly method: 'GET' | 'POST'
  /** How long an endpoint that comes back is eased in. */
  readonly slowStartMs: number
}

export interface Run {
  readonly good: number
  readonly bad: number
  /** Answers that took more than ten times the usual. */
  readonly late: BySecond
}

/** All fifty are restarted, one after another. */
export function runOf({ told, method, slowStartMs }: Setting, seed: number): Run {
  return simulate(seed, world => {
    const goesMs = (host: number): number => 2_000 + host * EACH_MS
    const gateway = new Gateway(world, {
      workers: 4,
      hosts: fifty(host => {
        const downMs = goesMs(host) + DRAIN_MS
        const upMs = downMs + DOWN_MS
        return [
          { fromMs: downMs, untilMs: upMs, down: true },
          { fromMs: upMs, untilMs: upMs + COLD_MS, slower: 20 },
        ]
      }),
      forward: {},
      cluster: {
        slowStartMs,
        balancer: { type: 'LeastRequest' },
        ejection: {
          consecutiveFailures: 5,
          baseEjectionMs: 10_000,
          maxEjectionMs: 300_000,
          maxEjectedPercent: 50,
        },
      },
    })
    if (told) tellAll(world, gateway, goesMs)
    let [good, bad] = [0, 0]
    const late = new BySecond(SECONDS)
    closedLoop(
      world,
      CLIENTS,
      THINK_MS,
      (client, onOver) => gateway.request(client, onOver, method),
      ({ status, ms }, beganMs) => {
        if (status === 200) good++
        else bad++
        if (ms > 200) late.add(beganMs)
      },
    )
    world.time.runUntil(SECONDS * 1000)
    return { good, bad, late }
  })
}

function tellAll({ time }: World, gateway: Gateway, goesMs: (host: number) => number): void {
  const list: Endpoint[] = Array.from({ length: HOSTS }, (_, host) => endpointOf(host))
  const tell = (host: number, more: Partial<Endpoint>): void => {
    list[host] = endpointOf(host, more)
    gateway.setEndpoints([...list])
  }
  for (let host = 0; host < HOSTS; host++) {
    time.after(goesMs(host), () => tell(host, { readiness: 'terminating' }))
    time.after(goesMs(host) + DRAIN_MS + DOWN_MS, () => tell(host, {}))
  }
}

export const settings = {
  'POST, not told': { told: false, method: 'POST', slowStartMs: 0 },
  'GET, not told': { told: false, method: 'GET', slowStartMs: 0 },
  'POST, told': { told: true, method: 'POST', slowStartMs: 0 },
  'POST, told, slow start': { told: true, method: 'POST', slowStartMs: 5_000 },
} as const satisfies Readonly<Record<string, Setting>>

export const rolling: Scenario = {
  name: 'rolling',
  show() {
    const runs = Object.entries(settings).map(([name, setting]) => [name, runOf(setting, 1)] as const)
    return {
      svg: figure('Late answers while all endpoints are restarted one after another', [
        {
          title: 'Fifty endpoints are restarted, one after another',
          x: axis('seconds', SECONDS, 5),
          y: axis('answers after 200 ms, per second', 30, 10),
          series: runs.map(([name, { late }]) => ({
            name,
            points: late.points,
          })),
        },
      ]),
      table: tableOf(
        ['', 'requests', 'failed', 'after 200 ms'],
        runs.map(([name, { good, bad, late }]) => [
          name,
          good + bad,
          bad,
          percent(late.sum() / (good + bad), 2),
        ]),
      ),
    }
  },
}
