import { NORMAL, priorities, type Rank } from '../../../src/filters/priority.ts'
import { LoopDelay } from '../../../src/proxy/loop-delay.ts'
import { Overload } from '../../../src/proxy/overload.ts'
import { openLoop } from '../engine/clients.ts'
import { EventLoop } from '../engine/event-loop.ts'
import { CLIENTS, fifty } from '../engine/fleet.ts'
import { Gateway } from '../engine/gateway.ts'
import { quantile } from '../engine/records.ts'
import { simulate } from '../engine/virtual-time.ts'
import { percent, tableOf, type Scenario } from '../page.ts'
import { axis, figure } from '../plot/svg.ts'

/** What a worker needs for a request: to read its head, or refuse it; to send it on; and to pass its answer. */
const IO_MS = 0.01
const WORK_MS = 0.18
/** Head, work and answer are a fifth of a millisecond. */
export const CAPACITY = 5_000
/** Whoever has waited for so long has gone. */
const PATIENCE_MS = 1_000
/** Of all requests, by rank: Critical, Normal, Sheddable. */
export const mix = [0.2, 0.5, 0.3] as const

/** Of what the worker can do. */
const NEIGHBOURS = 0.1

/** Who comes in these seconds counts: from then on it is what lasts, and all of them are answered, or gone, at the end. */
const FROM_S = 2
const UNTIL_S = 4
const END_S = UNTIL_S + PATIENCE_MS / 1000

/** Somebody who asks: how important it is, whose share it counts as, and whom it is counted among. */
interface Asking {
  readonly rank: Rank
  readonly share: string
  readonly group: 0 | 1 | 2
}

export interface Run {
  /** Good answers in time, of what was asked, by group. */
  readonly served: readonly number[]
  /** The same of all of them, as share of the capacity. */
  readonly goodput: number
  /** How long they took, in ms. */
  readonly goodMs: readonly number[]
  readonly refusedMs: readonly number[]
}

/** A worker that is asked for `load` times what it can do, by many clients; groups are priorities. */
export function runOf(load: number, sheds: boolean, seed: number): Run {
  return simulated(load, sheds, seed, (random, client) => {
    const rank = rankOf(random())
    return { rank, share: `${client}`, group: rank }
  })
}

/** The same, all of it Normal and of one client (group 0) but for a tenth of what it can do, which ten others ask for (1). */
export function floodOf(load: number, seed: number, apart = true): Run {
  return simulated(load, true, seed, (random, client) => {
    const group = random() < NEIGHBOURS / load ? 1 : 0
    return { rank: NORMAL, share: !apart ? 'all' : group === 0 ? 'flood' : `${client % 10}`, group }
  })
}

function simulated(
  load: number,
  sheds: boolean,
  seed: number,
  askingOf: (random: () => number, client: number) => Asking,
): Run {
  let loop!: EventLoop
  const makeThread = (time: ConstructorParameters<typeof EventLoop>[0]): EventLoop =>
    (loop = new EventLoop(time, IO_MS))
  return simulate(
    seed,
    world => {
      const gateway = new Gateway(world, { workers: 1, hosts: fifty(() => []), cluster: {}, forward: {} })
      const overload = new Overload()
      if (sheds)
        new LoopDelay(overload.periodMs, look => {
          overload.look(look)
          return overload.periodMs
        })
      const [asked, good] = [
        [0, 0, 0],
        [0, 0, 0],
      ] as const satisfies readonly number[][]
      const refusedMs: number[] = []
      const goodMs: number[] = []
      openLoop(
        world,
        CLIENTS,
        load * CAPACITY,
        client => {
          const { rank, share, group } = askingOf(world.random, client)
          const cameMs = world.time.nowMs
          const { elapsedMs } = world.time
          const counts = elapsedMs >= FROM_S * 1000 && elapsedMs < UNTIL_S * 1000
          if (counts) asked[group]++
          loop.io(() => {
            if (overload.active && overload.refuses(rank, share, world.time.nowMs) !== null) {
              if (counts) refusedMs.push(world.time.nowMs + IO_MS - cameMs)
              return
            }
            loop.spend(WORK_MS)
            gateway.request(client, outcome => {
              const ms = world.time.nowMs - cameMs
              if (counts && outcome.status === 200 && ms <= PATIENCE_MS) {
                good[group]++
                goodMs.push(ms)
              }
            })
          })
        },
        () => {},
      )
      world.time.runUntil(END_S * 1000)
      const whole = (UNTIL_S - FROM_S) * CAPACITY
      return {
        served: good.map((count, group) => count / asked[group]!),
        goodput: (good[0] + good[1] + good[2]) / whole,
        goodMs,
        refusedMs,
      }
    },
    makeThread,
  )
}

function rankOf(drawn: number): Rank {
  return drawn < mix[0] ? 0 : drawn < mix[0] + mix[1] ? 1 : 2
}

const loads = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3] as const

export const overload: Scenario = {
  name: 'overload',
  show() {
    const shed = loads.map(load => runOf(load, true, 1))
    const not = loads.map(load => runOf(load, false, 1))
    const flood = loads.map(load => floodOf(load, 1))
    const alike = loads.map(load => floodOf(load, 1, false))
    const x = axis('asked for, of what the worker can do, %', 300, 50)
    const points = (runs: readonly Run[], of: (run: Run) => number) =>
      runs.map((run, i) => [loads[i]! * 100, of(run) * 100] as const)
    return {
      svg: figure(
        'Good answers by how much a worker is asked for, with shedding and without, by priority, and beside a flood',
        [
          {
            title: 'Answers within a second of a worker that has too much to do',
            x,
            y: axis('of what it can do, %', 100, 20),
            series: [
              { name: 'nothing is shed', points: points(not, ({ goodput }) => goodput) },
              { name: 'what is too much is shed', points: points(shed, ({ goodput }) => goodput) },
            ],
          },
          {
            title: 'And whose they are, where it is shed',
            x,
            y: axis('answered, of each priority, %', 100, 20),
            series: priorities.map((name, rank) => ({
              name,
              points: points(shed, ({ served }) => served[rank]!),
            })),
          },
          {
            title:
              'Where one client asks for all of it but a tenth of what it can do, and ten neighbours for that',
            x,
            y: axis('answered, %', 100, 20),
            series: [
              { name: 'neighbours, nobody told apart', points: points(alike, ({ served }) => served[1]!) },
              { name: 'neighbours', points: points(flood, ({ served }) => served[1]!) },
              { name: 'the one', points: points(flood, ({ served }) => served[0]!) },
            ],
          },
        ],
      ),
      table: tableOf(
        [
          'asked for',
          'good answers, nothing shed',
          'shed',
          ...priorities,
          'neighbours of a flood',
          'good answers took (99 %)',
          'refusals took (median, 99 %)',
        ],
        loads.map((load, i) => {
          const { goodput, served, goodMs, refusedMs } = shed[i]!
          return [
            percent(load, 0),
            percent(not[i]!.goodput),
            percent(goodput),
            ...served.map(share => percent(share)),
            percent(flood[i]!.served[1]!),
            `${quantile(goodMs, 0.99).toFixed(0)} ms`,
            refusedMs.length === 0
              ? '—'
              : `${quantile(refusedMs, 0.5).toFixed(1)} ms, ${quantile(refusedMs, 0.99).toFixed(0)} ms`,
          ]
        }),
      ),
    }
  },
}
