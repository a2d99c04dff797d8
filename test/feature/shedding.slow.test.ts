import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import type { Hammered, Hammering } from '../support/hammering.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { ofRoute, trafficPolicy } from '../support/traffic.ts'
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

/** Clients in a process of their own; resolves with what they have seen from the time on when shedding had begun. */
async function hammered(what: Hammering, refusals: number): Promise<Hammered[]> {
  const program = fileURLToPath(new URL('../support/hammering.ts', import.meta.url))
  const child = fork(program, [JSON.stringify(what)])
  let before: Hammered[] | null = null
  try {
    for (;;) {
      const [all] = (await once(child, 'message')) as [Hammered[]]
      const refused = all.reduce((sum, one) => sum + one.refused, 0)
      if (before === null && refused > 1_000) before = all
      if (before !== null && refused > refusals) return all.map((one, i) => since(one, before![i]!))
    }
  } finally {
    child.kill()
    await once(child, 'exit')
  }
}

function since(now: Hammered, before: Hammered): Hammered {
  const { served, refused } = before
  return { served: now.served - served, refused: now.refused - refused, odd: now.odd }
}

suite('an event loop that is late', () => {
  test('has what is Sheddable refused first, Critical never, and is in time again when they have gone', async () => {
    await using upstream = await TestUpstream.start((_, response) => response.end('ok'))
    // Gateway and backend are one thread here, so that it has too much to do by little.
    await using running = await startGateway(yaml(upstream.port), { overload: { beginMs: 10, targetMs: 3 } })
    const port = running.port()
    const all = await hammered({ port, connections: 150, paths: names.map(name => `/${name}`) }, 10_000)
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
})
