// What a thread is begun with that replaces another, and what is tried again that could not be begun.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { composedYaml, untilAnswered } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'

class Composed implements AsyncDisposable {
  readonly folder: Folder
  readonly url: string
  readonly run: RunProcess

  private constructor(folder: Folder, url: string, run: RunProcess) {
    this.folder = folder
    this.url = url
    this.run = run
  }

  static async start(files: Readonly<Record<string, string>>): Promise<Composed> {
    const port = await freePort()
    const folder = new Folder({
      'gw.yaml': composedYaml({
        port,
        paths: { '/': 'home' },
        specs: { home: '{ bundle: ./home.gateway.ts, limits: { stall: 30s } }' },
        backends: {},
      }),
      ...files,
    })
    const run = await RunProcess.start([folder.path], '--workers', '1')
    return new Composed(folder, `http://127.0.0.1:${port}`, run)
  }

  until(path: string, wanted: unknown): Promise<void> {
    return untilAnswered(`${this.url}${path}`, answer => answer === wanted)
  }

  async problems(): Promise<string> {
    return (await this.run.get('/v1/problems')).text()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }
}

const bundle = (top: string, version: string): string => `
import { Type as T } from 'typebox'
import { defineGateway } from 'portcullis/composition'
${top}
const out = T.String()
export const gateway = defineGateway({
  backends: {},
  routes: r => [
    r.get('/version', { out, run: () => ${version} }),
    r.get('/exit', { out, run: () => process.exit(3) }),
  ],
})
`

/** All kinds of modules that a bundle may be made of. */
const files = {
  'home.gateway.ts': bundle(
    `import data from './data.json' with { type: 'json' }
import { version } from './version.ts'
import { older } from './older.cjs'`,
    'version + data.and + older',
  ),
  'version.ts': `export const version: string = 'first'\n`,
  'data.json': `{ "and": ", " }`,
  'older.cjs': `exports.older = require('./oldest.cjs').name\n`,
  'oldest.cjs': `exports.name = 'and only'\n`,
}

suite('threads that begin later', () => {
  test('one that replaces another runs what that ran, whatever its files are by then', async () => {
    await using composed = await Composed.start(files)
    await composed.run.started()
    await composed.until('/version', 'first, and only')
    composed.folder.write('version.ts', 'export const version: string = = 1\n')
    rmSync(join(composed.folder.path, 'oldest.cjs'))
    await composed.run.event('composition.refused')
    assert.equal((await fetch(`${composed.url}/exit`)).status, 503)
    await composed.run.event('composition.thread_ended')
    await composed.until('/version', 'first, and only')
    assert.match(await composed.problems(), /BundleInvalid.*what it was before serves on/s)
    const { log } = composed.run
    assert.ok(
      !log.all.some(({ event, reason }) => event === 'composition.thread_ended' && reason === 'unloadable'),
    )
  })

  for (const [what, top, said] of [
    ['throws', `if (!existsSync(flag)) throw new Error('what it needs is not there')`, /BundleInvalid/],
    [
      'waits for longer than it may',
      `if (!existsSync(flag)) await new Promise(() => setInterval(() => {}, 1_000))`,
      /BundleInvalid/,
    ],
    [
      'throws where it is to serve',
      `import { threadName } from 'node:worker_threads'
if (threadName !== 'portcullis-bundle' && !existsSync(flag)) throw new Error('what it needs is not there')`,
      /NoThread/,
    ],
  ] as const)
    test(`what ${what} while it is loaded is tried again, later each time`, async () => {
      const flag = `import { existsSync } from 'node:fs'\nconst flag = new URL('./flag', import.meta.url)\n`
      await using composed = await Composed.start({ 'home.gateway.ts': bundle(flag + top, `'there'`) })
      const { log } = composed.run
      const refused = ({ event }: (typeof log.all)[number]): boolean => event === 'composition.refused'
      assert.equal((await log.first(refused))['retryMs'], 1_000)
      await log.first(line => refused(line) && line['retryMs'] === 2_000)
      const problems = await composed.problems()
      assert.match(problems, said)
      assert.match(problems, /it is tried again/)
      composed.folder.write('flag', '')
      await composed.until('/version', 'there')
      while (said.test(await composed.problems()));
    })
})
