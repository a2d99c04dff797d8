// Compositions behind HTTPRoutes: what they answer, how new code takes over, and that a mistake of one is its own.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { composedYaml, untilAnswered } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { TestUpstream } from '../support/upstream.ts'
import { wireClient } from '../support/wire-client.ts'

/** A gateway of two compositions, `home` at / and `other` at /other, whose backend `users` is at this port. */
const gatewayYaml = (port: number, users: number): string =>
  composedYaml({
    port,
    paths: { '/': 'home', '/other': 'other' },
    specs: {
      home: '{ bundle: ./home.gateway.ts, limits: { heap: 64Mi, external: 64Mi, stall: 2s } }',
      other: '{ bundle: ./other.gateway.ts }',
    },
    backends: { users },
  })

const home = `
import { Type as T } from 'typebox'
import { all, defineGateway, http, Problem, rest, soft } from 'portcullis/composition'
import { version } from './version.ts'

interface Users {
  '/users/{id}': {
    get: {
      parameters: { path: { id: string } }
      responses: { 200: { content: { 'application/json': { name: string; tier: string } } } }
    }
  }
}

const kept: unknown[] = []
const block = Array.from({ length: 4000 }, (_, i) => i)
const table = new Map<number, unknown>()
let written = 0
const text = { out: T.String() }

export const gateway = defineGateway({
  backends: {
    users: rest<Users>({ url: 'http://users', timeoutMs: 20_000 }),
    nobody: http({ url: 'http://127.0.0.1:1' }),
  },
  routes: r => [
    r.get('/me/{id}/home', {
      out: T.Object({ version: T.String(), name: T.String(), offer: T.Union([T.Null(), T.String()]) }),
      async run({ c, params }) {
        const user = c.users.get('/users/{id}', { path: { id: params.id } })
        const offer = c.nobody.get('/best').then(o => o.text())
        const x = await all({ user, offer: soft(offer, null) })
        return { version, name: x.user.name, offer: x.offer }
      },
    }),
    r.get('/version', { ...text, run: () => version }),
    r.get('/loop', { ...text, run: () => { for (;;); } }),
    r.get('/heap', { ...text, run: () => { for (;;) kept.push(block.slice(), Array.from({ length: 1000 }, (_, i) => i)) } }),
    r.get('/churn', { ...text, run: () => {
      for (let n = 0; n < 1000; n++)
        table.set(++written % 5000, Array.from({ length: 50 }, (_, k) => ({ k, written })))
      return 'churned'
    } }),
    r.get('/external', { ...text, run: () => {
      for (let i = 0; i < 100; i++) kept.push(Buffer.alloc(1024 * 1024, 1))
      return 'held'
    } }),
    r.get('/throw', { ...text, run: () => { setTimeout(() => { throw new Error('nobody here') }); return 'soon' } }),
    r.get('/mistake', { ...text, run: () => { throw new Error('a mistake') } }),
    r.get('/forgotten', { ...text, async run({ c }) {
      const later = (async () => (await c.users.get('/users/{id}', { path: { id: 'slow' } })).name)()
      void Promise.reject(new Error('nobody awaits this'))
      await c.users.get('/users/{id}', { path: { id: '7' } })
      if (version === 'first') throw new Problem(404, 'No such user')
      return await later
    } }),
    r.get('/exit', { ...text, run: () => process.exit(3) }),
  ],
})
`

const other = `
import { Type as T } from 'typebox'
import { defineGateway } from 'portcullis/composition'
export default defineGateway({ backends: {}, routes: r => [r.get('/other', { out: T.String(), run: () => 'well' })] })
`

const versionFile = (text: string): string => `export const version: string = '${text}'\n`

/** A gateway that runs, its folder, and the backend of its users, whose requests are held as long as the test wants. */
class Composed implements AsyncDisposable {
  readonly folder: Folder
  readonly port: number
  readonly run: RunProcess
  readonly users: TestUpstream

  private constructor(folder: Folder, port: number, run: RunProcess, users: TestUpstream) {
    this.folder = folder
    this.port = port
    this.run = run
    this.users = users
  }

  static async start(held: () => Promise<void> = () => Promise.resolve()): Promise<Composed> {
    const users = await TestUpstream.start((request, response) => {
      const answer = (): void => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ name: `user of ${request.url ?? ''}`, tier: 'gold' }))
      }
      void (request.url === '/users/slow' ? held() : Promise.resolve()).then(answer)
    })
    const port = await freePort()
    const folder = new Folder({
      'gw.yaml': gatewayYaml(port, users.port),
      'home.gateway.ts': home,
      'other.gateway.ts': other,
      'version.ts': versionFile('first'),
    })
    const run = await RunProcess.start([folder.path], '--workers', '2')
    await run.started()
    return new Composed(folder, port, run, users)
  }

  get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`)
  }

  async text(path: string): Promise<unknown> {
    const response = await this.get(path)
    const text = await response.text()
    assert.equal(response.status, 200, `${path}: ${text}`)
    return JSON.parse(text) as unknown
  }

  /** What takes over, or is replaced, does so within seconds. */
  until(path: string, wanted: unknown): Promise<void> {
    return untilAnswered(`http://127.0.0.1:${this.port}${path}`, answer => answer === wanted)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run[Symbol.asyncDispose]()
    await this.users[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }
}

suite('compositions behind HTTPRoutes', () => {
  test('calls of backends become one answer, by HTTP/1.1 and h2c', async () => {
    await using composed = await Composed.start()
    for (const wire of ['h1', 'h2c'] as const) {
      await using client = wireClient(wire, composed.port)
      const { status, headers, body } = await client.send({ path: '/me/7/home' })
      assert.equal(status, 200)
      assert.equal(headers['x-portcullis-partial'], 'offer')
      assert.deepEqual(JSON.parse(body.toString()), {
        version: 'first',
        name: 'user of /users/7',
        offer: null,
      })
    }
    assert.equal(await composed.text('/other'), 'well')
    assert.equal((await composed.get('/nowhere')).status, 404)
    assert.equal((await composed.get('/mistake')).status, 500)
    await composed.run.event('composition.mistaken')
    // What it calls is counted as what anybody calls.
    const metrics = await (await composed.run.get('/metrics')).text()
    assert.match(metrics, /portcullis_upstream_requests_total\{.*cluster="Backend\/default\/users".*\} [1-9]/)
    assert.equal(await composed.run.stop(), 0)
  })

  test('new code takes over under load, and what is under way finishes on the old', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await using composed = await Composed.start(() => released)
    const slow = composed.text('/me/slow/home')
    const seen = new Map<string, number>()
    let isOver = false
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { version } = (await composed.text('/me/7/home')) as { version: string }
        seen.set(version, (seen.get(version) ?? 0) + 1)
      }
    })
    // Of a module that the bundle imports.
    composed.folder.write('version.ts', versionFile('second'))
    await composed.run.event('composition.serving', line => Number((line['threads'] as number[])[0]) > 4)
    await composed.until('/version', 'second')
    isOver = true
    await Promise.all(load)
    assert.deepEqual([...seen.keys()], ['first', 'second'])
    release()
    assert.deepEqual(await slow, { version: 'first', name: 'user of /users/slow', offer: null })
  })

  test('code that cannot be loaded leaves the old one serving, and is told of with its place', async () => {
    await using composed = await Composed.start()
    composed.folder.write('version.ts', 'export const version: string = = 1\n')
    const { fault } = await composed.run.event('composition.refused')
    assert.match(String(fault), /version\.ts:1:/)
    assert.equal(await composed.text('/version'), 'first')
    const problems = await (await composed.run.get('/v1/problems')).text()
    assert.match(problems, /BundleInvalid.*version\.ts:1:.*what it was before serves on/s)
    composed.folder.write('version.ts', versionFile('third'))
    await composed.until('/version', 'third')
  })

  test('a promise that a request leaves behind hurts neither it nor anybody else', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await using composed = await Composed.start(() => released)
    const slow = composed.text('/me/slow/home')
    slow.catch(() => undefined)
    for (let n = 0; n < 5; n++) {
      assert.equal((await composed.get('/forgotten')).status, 404)
      assert.equal(await composed.text('/version'), 'first')
    }
    const { error } = await composed.run.event('composition.mistaken')
    assert.match(JSON.stringify(error), /nobody awaits this/)
    release()
    assert.equal(((await slow) as { name: string }).name, 'user of /users/slow')
    const metrics = await (await composed.run.get('/metrics')).text()
    assert.doesNotMatch(metrics, /portcullis_composition_restarts_total\{.*\} [1-9]/)
  })

  test('a thread that makes much garbage and holds little is left alone', async () => {
    await using composed = await Composed.start()
    for (let n = 0; n < 600; n++) assert.equal(await composed.text('/churn'), 'churned')
    const metrics = await (await composed.run.get('/metrics')).text()
    assert.doesNotMatch(metrics, /portcullis_composition_restarts_total\{.*\} [1-9]/)
  })

  for (const [path, reason] of [
    ['/loop', 'stalled'],
    ['/heap', 'heap'],
    ['/external', 'external'],
    ['/throw', 'threw'],
    ['/exit', 'exited'],
  ] as const)
    test(`a thread that has ${reason} hurts nobody else, and is replaced`, async () => {
      await using composed = await Composed.start()
      const answer = composed.get(path)
      const ended = composed.run.event('composition.thread_ended', line => line['reason'] === reason)
      while (!(await Promise.race([ended.then(() => true), composed.text('/other').then(() => false)])));
      const { status } = await answer
      // What it answered before it ended is an answer.
      assert.ok(status === 503 || (status === 200 && ['/external', '/throw'].includes(path)), String(status))
      await composed.until('/version', 'first')
      const metrics = await (await composed.run.get('/metrics')).text()
      assert.match(
        metrics,
        new RegExp(
          `portcullis_composition_restarts_total\\{composition="default/home",reason="${reason}"\\} 1`,
        ),
      )
    })
})
