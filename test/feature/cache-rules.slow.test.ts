import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send, type Answer } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { ofGateway, ofRoute, trafficPolicy, type Targeted } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

// What a rule keeps was meant for whom it takes: others that come to bear its id, or bear it too, are not given it.

const internal = {
  matches: [{ headers: [{ name: 'x-internal', value: '1' }] }],
  backendRefs: [to('internal')],
}
const open = { backendRefs: [to('open')] }
const INSIDE = { 'X-Internal': '1' }

/** Two backends that say which they are, and a cache before both. */
async function start(rules: readonly object[], target: Targeted) {
  const asked = { internal: 0, open: 0 }
  const upstreams = await Promise.all(
    (['internal', 'open'] as const).map(name =>
      TestUpstream.start((_, response) => {
        asked[name]++
        response.writeHead(200, { 'Cache-Control': 'public, max-age=600' }).end(name)
      }),
    ),
  )
  const port = await freePort()
  const routeOf = (list: readonly object[]) => yamlOf(httpRoute('r', { rules: list }))
  const served = await Served.start({
    'site.yaml': yamlOf(
      gateway([{ name: 'http', port }]),
      backend('internal', [upstreams[0]!.port]),
      backend('open', [upstreams[1]!.port]),
      trafficPolicy('pages', target, { cache: {} }),
    ),
    'route.yaml': routeOf(rules),
  })
  const ask = (headers: Record<string, string> = {}): Promise<Answer> => send(port, { path: '/', headers })
  return {
    asked,
    ask,
    change: (list: readonly object[]) => served.change('route.yaml', routeOf(list)),
    /** From memory, in whichever worker takes it. */
    async hit(headers: Record<string, string> = {}): Promise<Answer> {
      for (;;) {
        const answer = await ask(headers)
        if (String(answer.headers['cache-status']).startsWith('portcullis; hit')) return answer
      }
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      for (const upstream of upstreams) await upstream[Symbol.asyncDispose]()
    },
  }
}

suite('what is stored of one rule is no answer of another', () => {
  for (const [of, target] of [
    ['its route', ofRoute],
    ['its listener', ofGateway],
  ] as const)
    for (const [what, before, after] of [
      ['rules change places', [internal, open], [open, internal]],
      ['a rule goes before others', [internal, open], [open]],
      ['a rule of the same name takes others', [{ name: 'a', ...internal }, open], [{ name: 'a', ...open }]],
    ] as const)
      test(`${what}, by the cache of ${of}`, async () => {
        await using at = await start(before, target)
        assert.equal((await at.hit(INSIDE)).body, 'internal')
        await at.change(after)
        for (let i = 0; i < 4; i++) assert.equal((await at.ask()).body, 'open')
        assert.equal((await at.hit()).body, 'open')
      })

  test('a rule whose name is the place of another', async () => {
    await using at = await start([{ name: '1', ...internal }, open], ofRoute)
    assert.equal((await at.hit(INSIDE)).body, 'internal')
    for (let i = 0; i < 4; i++) assert.equal((await at.ask()).body, 'open')
  })

  test('a rule that says what it said keeps what is stored of it', async () => {
    await using at = await start([internal, open], ofRoute)
    await at.hit()
    const { asked } = at
    const before = asked.open
    await at.change([{ ...internal, timeouts: { request: '10s' } }, open])
    assert.equal((await at.ask()).body, 'open')
    assert.equal(asked.open, before)
  })
})
