import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { send } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { TestUpstream } from '../support/upstream.ts'

/** Everything to `up`, whose answers say the version of the route. */
const versioned = (version: number, ...ports: readonly number[]): string =>
  yamlOf(
    gateway(ports.map(port => ({ name: `p${port}`, port }))),
    httpRoute('r', {
      rules: [
        {
          matches: [prefix('/')],
          filters: [
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { set: [{ name: 'X-Version', value: String(version) }] },
            },
          ],
          backendRefs: [to('up')],
        },
      ],
    }),
  )

/** Clients that ask without a pause, half of them on kept connections and half on a new one each time. */
class Load {
  requests = 0
  readonly failures: string[] = []
  /** The least that an answer to a request that begins now must be of. */
  version = 0
  private going = true
  private readonly port: number
  private readonly clients: Promise<void>[]
  private readonly kept = new Agent({ keepAlive: true, maxSockets: 8 })

  constructor(port: number) {
    this.port = port
    this.clients = Array.from({ length: 8 }, (_, i) => this.client(i % 2 === 0 ? this.kept : false))
  }

  async stop(): Promise<void> {
    this.going = false
    await Promise.all(this.clients)
    this.kept.destroy()
  }

  private async client(agent: Agent | false): Promise<void> {
    while (this.going) {
      const least = this.version
      const outcome = await this.ask(agent)
      this.requests++
      if (typeof outcome === 'string') this.failures.push(outcome)
      else if (outcome < least) this.failures.push(`version ${outcome} after ${least} was in force`)
    }
  }

  /** The version of the answer, or what went wrong. */
  private ask(agent: Agent | false): Promise<number | string> {
    return new Promise(resolve => {
      const call = request({ host: '127.0.0.1', port: this.port, agent, path: '/x' }, response => {
        response.resume()
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Number(response.headers['x-version']))
          else resolve(`status ${String(response.statusCode)}`)
        })
        response.on('error', error => resolve(String(error)))
      })
      call.on('error', error => resolve(String(error)))
      call.end()
    })
  }
}

const answering = (body: string) =>
  TestUpstream.start((incoming, response) => {
    incoming.resume()
    response.end(body)
  })

suite('reload', () => {
  test('no request fails across 1,000 reloads under load, and each is in force when it says so', async t => {
    await using one = await answering('one')
    await using two = await answering('two')
    const port = await freePort()
    const extra = await freePort()
    const ports = [one.port, two.port]
    await using served = await Served.start({
      'routes.yaml': versioned(0, port),
      'up.yaml': yamlOf(backend('up', ports)),
    })
    const load = new Load(port)
    for (let version = 1; version <= 1000; version++) {
      // Every tenth reload opens or closes another port, every seventh takes an upstream out or puts it back.
      const open = version % 20 >= 10 ? [port, extra] : [port]
      if (version % 7 === 0)
        served.folder.write('up.yaml', yamlOf(backend('up', version % 2 === 0 ? ports : [one.port])))
      await served.change('routes.yaml', versioned(version, ...open))
      // The change of up.yaml may have been seen alone, before that of the routes.
      while (!(await inForce(port, version))) await served.event('snapshot.applied')
      load.version = version
    }
    await load.stop()
    t.diagnostic(
      `${load.requests} requests, ${load.failures.length} failed, version ${served.controller.status.version}`,
    )
    assert.deepEqual(load.failures.slice(0, 5), [])
    assert.ok(load.requests > 1000, `${load.requests} requests: no load`)
    assert.ok(served.controller.status.version >= 1000)
    for (let i = 0; i < 20; i++) assert.equal((await send(port)).headers['x-version'], '1000')
  })

  test('a listener is added and removed under load', async () => {
    await using up = await answering('up')
    const port = await freePort()
    const extra = await freePort()
    await using served = await Served.start({
      'routes.yaml': versioned(1, port),
      'up.yaml': yamlOf(backend('up', [up.port])),
    })
    const load = new Load(port)
    for (let round = 0; round < 10; round++) {
      await assert.rejects(send(extra), /ECONNREFUSED/)
      await served.change('routes.yaml', versioned(1, port, extra))
      assert.equal((await send(extra)).body, 'up')
      await served.change('routes.yaml', versioned(1, port))
    }
    await assert.rejects(send(extra), /ECONNREFUSED/)
    await load.stop()
    assert.deepEqual(load.failures, [])
  })

  test('endpoints go the short way: they are live at once, and the snapshot keeps its version', async () => {
    await using one = await answering('one')
    await using two = await answering('two')
    const port = await freePort()
    await using served = await Served.start({
      'routes.yaml': versioned(1, port),
      'up.yaml': yamlOf(backend('up', [one.port])),
    })
    assert.equal((await send(port)).body, 'one')
    await served.change('up.yaml', yamlOf(backend('up', [two.port])))
    assert.deepEqual((await served.event('endpoints.applied'))['clusters'], ['Backend/default/up'])
    // Messages to a worker are in order, but nothing tells when it has read one: some requests may be earlier.
    while ((await send(port)).body !== 'two');
    assert.equal(served.controller.status.version, 1)
    await served.change('up.yaml', yamlOf(backend('up', [one.port, two.port])))
    assert.equal(served.controller.status.version, 1)
  })

  test('a route that comes before the backend that it refers to fails no request', async () => {
    await using up = await answering('up')
    const port = await freePort()
    const files = { 'routes.yaml': versioned(1, port), 'up.yaml': yamlOf(backend('up', [up.port])) }
    await using served = await Served.start(files, { patienceMs: 600_000 })
    const load = new Load(port)
    // Each is told of by itself, and what the first lacks is in the second.
    served.folder.write('routes.yaml', versioned(2, port).replaceAll('"name":"up"', '"name":"other"'))
    while (!served.controller.isWaiting) await setImmediate()
    served.folder.write('other.yaml', yamlOf(backend('other', [up.port])))
    while (!(await inForce(port, 2)));
    await load.stop()
    assert.deepEqual(load.failures, [])
    assert.equal(served.controller.status.version, 2)
  })

  test('what a service finds out while a change waits for its other half does not undo the change', async () => {
    await using up = await answering('up')
    const port = await freePort()
    const files = { 'routes.yaml': versioned(1, port), 'up.yaml': yamlOf(backend('up', [up.port])) }
    await using served = await Served.start(files, { patienceMs: 200 })
    const one = httpRoute('lost', { rules: [{ matches: [prefix('/lost')], backendRefs: [to('nowhere')] }] })
    served.folder.write('routes.yaml', `${versioned(2, port)}\n---\n${yamlOf(one)}`)
    while (!served.controller.isWaiting) await setImmediate()
    await served.controller.give('found', 1)
    assert.equal((await send(port)).headers['x-version'], '2')
  })

  test('a broken object keeps its last good version, is complained about, and everything else goes live', async () => {
    await using up = await answering('up')
    const port = await freePort()
    const route = (name: string, value: string, extra: object = {}) =>
      httpRoute(name, {
        hostnames: [`${name}.example`],
        rules: [
          {
            filters: [
              { type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: 'X-Is', value }] } },
            ],
            backendRefs: [to('up')],
            ...extra,
          },
        ],
      })
    const resources = (a: object, b: object) =>
      yamlOf(gateway([{ name: 'http', port }]), a, b, backend('up', [up.port]))
    await using served = await Served.start({ 'all.yaml': resources(route('a', 'a1'), route('b', 'b1')) })
    const is = async (name: string) => (await send(port, { host: `${name}.example` })).headers['x-is']
    assert.deepEqual([await is('a'), await is('b')], ['a1', 'b1'])
    await served.change(
      'all.yaml',
      resources(route('a', 'a2', { timeouts: { request: 'soon' } }), route('b', 'b2')),
    )
    assert.deepEqual([await is('a'), await is('b')], ['a1', 'b2'])
    const line = await served.event('resources.problem')
    assert.match(
      String(line['message']),
      /all\.yaml:\d+:\d+ HTTPRoute\/a spec\.rules\[0\]\.timeouts\.request: .*; keeps the version of /,
    )
    assert.equal(served.controller.status.problems.length, 1)
    await served.change('all.yaml', resources(route('a', 'a3'), route('b', 'b2')))
    assert.deepEqual([await is('a'), await is('b')], ['a3', 'b2'])
    assert.match(String((await served.event('resources.solved'))['message']), /HTTPRoute\/a/)
  })

  test('a port that cannot be had does not disturb the others, before or after', async () => {
    await using up = await answering('up')
    await using squatter = await answering('squatter')
    const port = await freePort()
    await using served = await Served.start({
      'routes.yaml': versioned(1, port),
      'up.yaml': yamlOf(backend('up', [up.port])),
    })
    const load = new Load(port)
    await served.change('routes.yaml', versioned(2, port, squatter.port))
    load.version = 2
    assert.deepEqual(served.controller.status.ports, [`*:${port}`])
    assert.equal(served.controller.status.portErrors[0]?.error, 'EADDRINUSE')
    assert.equal((await send(squatter.port)).body, 'squatter')
    await served.change('routes.yaml', versioned(3, port, squatter.port))
    load.version = 3
    await served.change('routes.yaml', versioned(4, port))
    load.version = 4
    assert.deepEqual(served.controller.status.portErrors, [])
    await load.stop()
    assert.deepEqual(load.failures, [])
  })

  test('requests that began before a reload end under what they began with', async () => {
    const finish = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    await using up = await TestUpstream.start((_, response) => {
      begun.resolve()
      void finish.promise.then(() => response.end('old'))
    })
    await using other = await answering('new')
    const port = await freePort()
    await using served = await Served.start({
      'routes.yaml': versioned(1, port),
      'up.yaml': yamlOf(backend('up', [up.port])),
    })
    const asked = send(port)
    await begun.promise
    await served.change('up.yaml', yamlOf(backend('up', [other.port])))
    await served.change('routes.yaml', versioned(2, port))
    assert.equal((await send(port)).headers['x-version'], '2')
    finish.resolve()
    const answer = await asked
    assert.deepEqual([answer.body, answer.headers['x-version']], ['old', '1'])
  })

  test('a worker that dies takes only its own connections with it, and is replaced', async () => {
    await using up = await answering('up')
    const port = await freePort()
    await using served = await Served.start({
      'routes.yaml': versioned(1, port),
      'up.yaml': yamlOf(backend('up', [up.port])),
    })
    let version = 1
    for (const id of [1, 2, 1]) {
      const before = new Set(served.log.all)
      await served.workers.kill(id)
      const next = (event: string) => served.log.first(line => !before.has(line) && line['event'] === event)
      await next('worker.replaced')
      // The other one serves meanwhile, also what is new.
      assert.equal((await send(port)).body, 'up')
      await served.change('routes.yaml', versioned(++version, port))
      assert.equal((await next('worker.serving'))['worker'], id)
      const versions = await Promise.all(
        Array.from({ length: 20 }, async () => (await send(port)).headers['x-version']),
      )
      assert.deepEqual(new Set(versions), new Set([String(version)]))
    }
  })
})

async function inForce(port: number, version: number): Promise<boolean> {
  return Number((await send(port)).headers['x-version']) >= version
}
