import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FilterTable } from '../../src/filters/compile.ts'
import type { FilterType } from '../../src/filters/filter.ts'
import { noActions } from '../../src/proxy/action.ts'
import { ingressFilters } from '../../src/roles/ingress/filter-types.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { clusterOf } from '../support/cluster.ts'
import { send } from '../support/client.ts'
import { snapshotOf, startGateway } from '../support/gateway.ts'
import type { Hammered, Hammering } from '../support/hammering.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { ofRoute, site, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

const names = ['critical', 'normal', 'sheddable']
const yaml = (port: number): string =>
  yamlOf(
    gateway(),
    httpRoute('r', {
      rules: names.map(name => ({ name, matches: [prefix(`/${name}`)], backendRefs: [to('up')] })),
    }),
    backend('up', [port]),
    trafficPolicy('critical', { ...ofRoute, sectionName: 'critical' }, { priority: 'Critical' }),
    trafficPolicy('sheddable', { ...ofRoute, sectionName: 'sheddable' }, { priority: 'Sheddable' }),
  )

/** Clients in a process of their own; resolves with what they have seen from the time on when shedding had begun, once that is `enough`. */
async function hammered(
  what: Hammering,
  enough: (seen: readonly Hammered[]) => boolean,
): Promise<Hammered[]> {
  const program = fileURLToPath(new URL('../support/hammering.ts', import.meta.url))
  const child = fork(program, [JSON.stringify(what)])
  let before: Hammered[] | null = null
  try {
    for (;;) {
      const [all] = (await once(child, 'message')) as [Hammered[]]
      if (before === null && refusals(all) > 1_000) before = all
      const seen = before === null ? null : all.map((one, i) => since(one, before![i]!))
      if (seen !== null && enough(seen)) return seen
    }
  } finally {
    child.kill()
    await once(child, 'exit')
  }
}

function refusals(all: readonly Hammered[]): number {
  return all.reduce((sum, one) => sum + one.refused, 0)
}

function since(now: Hammered, before: Hammered): Hammered {
  const { served, refused } = before
  return { served: now.served - served, refused: now.refused - refused, odd: now.odd }
}

/** Filters that each take as long to compile as those of a thread that has its processor taken away meanwhile. */
const SLOW_MS = 40
const slow: FilterType = {
  type: 'slow',
  role: 'ingress',
  phase: 'cache',
  compile: () => {
    for (const untilMs = performance.now() + SLOW_MS; performance.now() < untilMs;);
    return {}
  },
  describe: () => '',
}
const slowTypes = { filters: new FilterTable([...ingressFilters, slow]), actions: noActions }
const { origin } = clusterOf('a')

/** Each rule anew, and slow to compile. */
const slowly = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  ports: snapshot.ports.map(port => ({
    ...port,
    address: '127.0.0.1',
    port: 0,
    listeners: port.listeners.map(listener => ({
      ...listener,
      hosts: listener.hosts.map(host => ({
        ...host,
        entries: host.entries.map(({ match, rule }) => ({
          match,
          rule: { ...rule, filters: [{ type: 'slow', origin }] },
        })),
      })),
    })),
  })),
})

const changing = (port: number): string =>
  yamlOf(
    gateway(),
    httpRoute('r', {
      rules: Array.from({ length: 16 }, (_, i) => ({
        matches: [prefix(i === 0 ? '/' : `/${i}`)],
        backendRefs: [to('up')],
      })),
    }),
    backend('up', [port]),
  )

suite('an event loop that applies one snapshot after another, and is late', () => {
  const crowd = { path: '/', connections: 10, restMs: 20 }

  test('refuses nobody who asks for little', async () => {
    const seen: string[] = []
    await using upstream = await TestUpstream.start((_, response) => response.end('ok'))
    await using running = await startGateway(changing(upstream.port), {
      types: slowTypes,
      overload: { beginMs: 30, targetMs: 3 },
      log: new Logger({ human: false, write: line => seen.push(line) }),
    })
    const program = fileURLToPath(new URL('../support/hammering.ts', import.meta.url))
    const child = fork(program, [JSON.stringify({ port: running.port(), crowds: [crowd] })])
    let all: readonly Hammered[] = []
    child.on('message', told => (all = told as Hammered[]))
    await once(child, 'message')
    const snapshot = snapshotOf(changing(upstream.port))
    for (let times = 0; times < 5; times++) await running.engine.apply(slowly(snapshot))
    while ((all[0]?.served ?? 0) < 200) await once(child, 'message')
    child.kill()
    await once(child, 'exit')
    assert.equal(all[0]!.refused + all[0]!.odd, 0)
    assert.deepEqual(
      seen.filter(line => line.includes('overload')),
      [],
    )
  })
})

suite('an event loop that is late', () => {
  test('has what is Sheddable refused first, Critical never, and is in time again when they have gone', async () => {
    await using upstream = await TestUpstream.start((_, response) => response.end('ok'))
    // Gateway and backend are one thread here, so that it has too much to do by little.
    await using running = await startGateway(yaml(upstream.port), { overload: { beginMs: 10, targetMs: 3 } })
    const port = running.port()
    const crowds = names.map(name => ({ path: `/${name}`, connections: 150 }))
    const all = await hammered({ port, crowds }, seen => refusals(seen) > 9_000)
    assert.equal(
      all.some(({ odd }) => odd > 0),
      false,
    )
    const [critical, , sheddable] = all
    assert.equal(critical!.refused, 0)
    assert.ok(critical!.served > 500, `served ${critical!.served}`)
    assert.ok(sheddable!.refused > 0)
    assert.match(running.metrics(), /requests_shed_total\{priority="Sheddable",reason="delay"\} [1-9]/)
    assert.match(running.metrics(), /^portcullis_shedding_workers 1$/m)
    while (!/^portcullis_shedding_workers 0$/m.test(running.metrics()))
      await new Promise(resolve => setTimeout(resolve, 50))
    assert.equal((await send(port, { path: '/sheddable' })).status, 200)
  })

  test('has what one client asks for too much refused, and next to nothing of its neighbours', async () => {
    await using upstream = await TestUpstream.start((_, response) => response.end('ok'))
    await using running = await startGateway(site([80], upstream.port), {
      overload: { beginMs: 10, targetMs: 3 },
    })
    const flood = { path: '/r', connections: 300, address: '203.0.113.66' }
    const gentle = Array.from({ length: 10 }, (_, i) => ({
      path: '/r',
      connections: 1,
      address: `192.0.2.${i + 1}`,
      restMs: 50,
    }))
    const port = running.port()
    const [flooding, ...all] = await hammered(
      { port, crowds: [flood, ...gentle] },
      ([first, ...rest]) =>
        first!.refused > 1_500 && rest.every(({ served, refused }) => served + refused >= 50),
    )
    const share = ({ served, refused }: Hammered): number => refused / (served + refused)
    const neighbours = all.reduce((sum, one) => ({
      served: sum.served + one.served,
      refused: sum.refused + one.refused,
      odd: sum.odd + one.odd,
    }))
    assert.equal(flooding!.odd + neighbours.odd, 0)
    const told = `of the flood ${share(flooding!)}, of neighbours ${share(neighbours)}`
    assert.ok(share(neighbours) < share(flooding!) / 4, told)
  })
})
