// Bundles that only transcode: workers serve them, in what is said of them nothing changes, and code has a thread again.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { composedYaml, untilAnswered } from '../support/composed-yaml.ts'
import { EchoServer } from '../support/grpc.ts'
import { Folder, freePort, RunProcess, type LogLine } from '../support/process.ts'

/** `path` is where the method is, and what follows is said of the gateway beside its routes. */
const bundle = (path: string, more = ''): string => `
import { defineGateway, grpc, Problem, registryOfProtos } from 'portcullis/composition'

const descriptors = registryOfProtos(['echo.proto'], [import.meta.dirname])

export const gateway = defineGateway({
  backends: { echo: grpc(descriptors.getService('test.Echo')!, { url: 'h2c://echo' }) },
  routes: r => [
    r.transcode('echo', {
      descriptors,
      config: { http: { rules: [{ selector: 'test.Echo.Unary', get: '${path}/{text}' }] } },
    }),
  ],
  ${more}
})
`

class Lodged implements AsyncDisposable {
  readonly port: number
  readonly folder: Folder
  readonly run: RunProcess
  private readonly stack: AsyncDisposableStack
  private last = -1

  private constructor(port: number, folder: Folder, run: RunProcess, stack: AsyncDisposableStack) {
    this.port = port
    this.folder = folder
    this.run = run
    this.stack = stack
  }

  static async start(spec = '{ bundle: ./echo.gateway.ts }'): Promise<Lodged> {
    const stack = new AsyncDisposableStack()
    const backend = stack.use(
      await EchoServer.start({
        Unary({ request }, answer) {
          if (request.text === 'none') answer({ code: 5, details: 'no such thing' })
          else answer(null, request)
        },
      }),
    )
    const port = await freePort()
    const folder = stack.use(
      new Folder({
        'gateway.yaml': composedYaml({
          port,
          paths: { '/': 'echo' },
          specs: { echo: spec },
          backends: { echo: backend.port },
        }),
        'echo.gateway.ts': bundle('/v1'),
        'echo.proto': readFileSync(new URL('../support/echo.proto', import.meta.url), 'utf8'),
      }),
    )
    const run = stack.use(await RunProcess.start([folder.path], '--workers', '2'))
    await run.started()
    return new Lodged(port, folder, run, stack)
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  /** Whether the next version that serves lodges with workers. */
  async lodges(): Promise<unknown> {
    const before = this.last
    const idOf = (line: LogLine): number => (line['threads'] as readonly number[])[0]!
    const serving = await this.run.event('composition.serving', line => idOf(line) > before)
    this.last = idOf(serving)
    return serving['lodges']
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync()
  }
}

suite('a bundle that only transcodes', () => {
  test('is served by workers, counted as ever, and errors are what they are', async () => {
    await using lodged = await Lodged.start()
    assert.equal(await lodged.lodges(), true)
    for (let n = 0; n < 8; n++) {
      const response = await fetch(lodged.url('/v1/hello'), { headers: { connection: 'close' } })
      assert.deepEqual(await response.json(), { text: 'hello' })
    }
    const missing = await fetch(lodged.url('/v1/none'))
    assert.equal(missing.status, 404)
    assert.deepEqual(await missing.json(), { code: 5, message: 'no such thing', details: [] })
    const metrics = await (await lodged.run.get('/metrics')).text()
    assert.match(
      metrics,
      /portcullis_composition_requests_total\{composition="default\/echo",route="\* transcode echo",code="404"\} 1/,
    )
    assert.match(
      metrics,
      /portcullis_requests_total\{route="composition\/default\/echo\/echo",code="200"\} 9/,
    )
  })

  test('has a thread where it asks for one', async () => {
    await using lodged = await Lodged.start('{ bundle: ./echo.gateway.ts, threads: 1 }')
    assert.equal(await lodged.lodges(), false)
    assert.equal((await fetch(lodged.url('/v1/hello'))).status, 200)
  })

  test('is another one under load, and has a thread, with its filter, as soon as it is code', async () => {
    await using lodged = await Lodged.start()
    assert.equal(await lodged.lodges(), true)
    let isOver = false
    const statuses = new Set<number>()
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver)
        for (const path of ['/v1/a', '/v2/a']) {
          const response = await fetch(lodged.url(path))
          await response.text()
          statuses.add(response.status)
        }
    })
    lodged.folder.write('echo.gateway.ts', bundle('/v2'))
    assert.equal(await lodged.lodges(), true)
    await untilAnswered(lodged.url('/v2/a'), () => true)
    const filter = "before: [() => { throw new Problem(401, 'Nobody') }],"
    lodged.folder.write('echo.gateway.ts', bundle('/v2', filter))
    assert.equal(await lodged.lodges(), false)
    const refused = await fetch(lodged.url('/v2/a'))
    isOver = true
    await Promise.all(load)
    // What a version has no rule for is 404, and nothing else is refused but by the filter.
    for (const status of statuses) assert.ok([200, 401, 404].includes(status), String(status))
    assert.equal(refused.status, 401)
  })
})
