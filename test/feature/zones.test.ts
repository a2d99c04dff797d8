import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { SESSION_KEY, SESSION_KEYS } from '../../src/filters/session/session.ts'
import { NodeState } from '../../src/shared/node-state.ts'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { sharedState } from '../support/shared-state.ts'
import { TestUpstream } from '../support/upstream.ts'

const named = (name: string) =>
  TestUpstream.start((request, response) => {
    request.resume()
    response.end(name)
  })

const upstreams = await Promise.all(['a1', 'a2', 'b1', 'b2'].map(named))
after(() => Promise.all(upstreams.map(one => one[Symbol.asyncDispose]())))

interface At {
  readonly port: number
  readonly zone: string
}

const all: readonly At[] = upstreams.map(({ port }, i) => ({ port, zone: i < 2 ? 'a' : 'b' }))

/** Backend `up`, with zones and a policy, and Backend `next` without one, at the same endpoints. */
const yaml = (endpoints: readonly At[], loadBalancing: object, listener: object = { name: 'http' }): string =>
  yamlOf(
    gateway([listener as { name: string }]),
    httpRoute('all', {
      rules: [{ matches: [prefix('/next')], backendRefs: [to('next')] }, { backendRefs: [to('up')] }],
    }),
    {
      ...backend('up', []),
      spec: { endpoints: endpoints.map(one => ({ address: '127.0.0.1', ...one })) },
    },
    backend(
      'next',
      all.map(({ port }) => port),
    ),
    backendPolicy({ loadBalancing }),
  )

const preferred = { zoneAware: { preferLocal: { minEndpointsThreshold: 1 } } }
const inZoneA = { place: { zone: { name: 'a', share: null }, index: 0, process: 'test' } }

/** How often each answers. */
async function answers(port: number, path = '/', count = 80): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (let i = 0; i < count; i++) {
    const { status, body } = await send(port, { path })
    assert.equal(status, 200)
    found[body] = (found[body] ?? 0) + 1
  }
  return found
}

suite('the own zone', () => {
  test('has all requests as far as it bears them, and what is beyond goes elsewhere; a neighbour is as before', async () => {
    await using running = await startGateway(yaml(all, preferred), inZoneA)
    const port = running.port()
    assert.deepEqual(await answers(port), { a1: 40, a2: 40 })
    assert.deepEqual(await answers(port, '/next'), { a1: 20, a2: 20, b1: 20, b2: 20 })
    // A third of the endpoints for half of the requests: two thirds of those stay.
    await running.reload(yaml(all.slice(1), preferred))
    const found = await answers(port, '/', 90)
    assert.deepEqual([found['a2'], found['b1'], found['b2']], [60, 15, 15])
    await running.reload(yaml(all.slice(2), preferred))
    assert.deepEqual(await answers(port), { b1: 40, b2: 40 })
    await running.reload(yaml(all, preferred))
    assert.deepEqual(await answers(port), { a1: 40, a2: 40 })
  })

  test('that cannot be connected to leaves nobody without an answer, and others have what it had', async () => {
    const dead = await freePort()
    const endpoints = [{ port: dead, zone: 'a' }, ...all.slice(2)]
    await using running = await startGateway(yaml(endpoints, preferred), inZoneA)
    // Its only endpoint is tried first; the attempt after that is in another zone.
    const found = await answers(running.port(), '/', 60)
    assert.deepEqual(Object.keys(found).sort(), ['b1', 'b2'])
  })

  test('counts for nothing with fewer endpoints than are asked for, or without a zone of our own', async () => {
    const six = { zoneAware: { preferLocal: {} } }
    await using few = await startGateway(yaml(all, six), inZoneA)
    assert.deepEqual(await answers(few.port()), { a1: 20, a2: 20, b1: 20, b2: 20 })
    await using none = await startGateway(yaml(all, preferred))
    assert.deepEqual(await answers(none.port()), { a1: 20, a2: 20, b1: 20, b2: 20 })
  })

  test('has those who wait for a connection, and sessions elsewhere theirs', async () => {
    const one = { connections: { max: 1, connectTimeout: '30s' }, loadBalancing: preferred }
    const text = yamlOf(
      gateway(),
      httpRoute('all', {
        rules: [{ sessionPersistence: { cookie: { name: 's' } }, backendRefs: [to('up')] }],
      }),
      {
        ...backend('up', []),
        spec: { endpoints: [all[0]!, all[2]!].map(at => ({ address: '127.0.0.1', ...at })) },
      },
      backendPolicy(one),
    )
    const inZone = (name: string) => {
      const node = new NodeState()
      node.tables.replace(SESSION_KEYS, new Map([[SESSION_KEY, 'a key of both gateways']]))
      const place = { zone: { name, share: null }, index: 0, process: 'test' }
      return startGateway(text, { place, shared: sharedState(node) })
    }
    await using far = await inZone('b')
    const session = await send(far.port())
    assert.equal(session.body, 'b1')
    const Cookie = session.distinct['set-cookie']![0]!.split(';', 1)[0]!
    await using near = await inZone('a')
    // One connection for all of them: the first has it to its session's endpoint, and others wait meanwhile.
    const asked = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? { Cookie } : {}))
    const got = await Promise.all(asked.map(headers => send(near.port(), { headers })))
    assert.deepEqual(
      got.map(({ body }) => body),
      asked.map((_, i) => (i % 2 === 0 ? 'b1' : 'a1')),
    )
  })

  test('is named on the command line or in the environment, with its part of the requests', async () => {
    const port = await freePort()
    using folder = new Folder({ 'all.yaml': yaml(all, preferred, { name: 'http', port }) })
    await using flag = await RunProcess.start([folder.path], '--zone', 'b', '--workers', '1')
    assert.equal((await flag.event('started'))['zone'], 'b')
    assert.deepEqual(Object.keys(await answers(port)).sort(), ['b1', 'b2'])
    await flag.stop()
    const env = { PORTCULLIS_ZONE: 'b=80' }
    await using variable = await RunProcess.startWith(env, [folder.path], '--workers', '1')
    await variable.started()
    // Half of the endpoints for 80 % of the requests.
    const found = await answers(port, '/', 80)
    assert.deepEqual([found['b1']! + found['b2']!, found['a1']! + found['a2']!], [50, 30])
  })
})

suite('subsets', () => {
  test('have each worker keep to its part, the one that takes over as well, and nobody is left out', async () => {
    const eight = await Promise.all(Array.from({ length: 8 }, (_, i) => named(`u${i}`)))
    try {
      const port = await freePort()
      const endpoints = eight.map(one => ({ port: one.port, zone: 'a' }))
      await using served = await Served.start({
        'all.yaml': yaml(endpoints, { subsets: { size: 4 } }, { name: 'http', port }),
      })
      assert.equal(served.workers.size, 2)
      const first = await answers(port, '/', 200)
      assert.equal(Object.keys(first).length, 8)
      // One after another on connections that are kept: a worker that uses an endpoint has one to it.
      assert.deepEqual(
        eight.map(({ connections }) => connections),
        Array(8).fill(1),
      )
      const [id] = served.workers.ids
      await served.workers.replace(id!)
      await answers(port, '/', 200)
      assert.deepEqual(
        eight.map(({ connections }) => connections).sort((x, y) => x - y),
        [1, 1, 1, 1, 2, 2, 2, 2],
      )
      await answers(port, '/next')
    } finally {
      for (const one of eight) await one[Symbol.asyncDispose]()
    }
  })
})
