// Compositions that keep a little of each request: each is ended, and told why; nobody else is hurt.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { composedYaml } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { TestUpstream } from '../support/upstream.ts'

const leaking = `
import { EventEmitter } from 'node:events'
import { Type as T } from 'typebox'
import { defineGateway } from 'portcullis/composition'

const kept: unknown[] = []
const listened = new EventEmitter().setMaxListeners(0)
const objects = () => Array.from({ length: 10_000 }, (_, i) => ({ i }))
const out = T.String()
const leaks = {
  heap: () => void kept.push(objects()),
  external: () => void kept.push(Buffer.alloc(1024 * 1024, 1)),
  shared: () => void kept.push(new Uint8Array(new SharedArrayBuffer(1024 * 1024)).fill(1)),
  timers: () => { const held = objects(); setInterval(() => held.length, 1_000_000) },
  listeners: () => { const held = objects(); listened.on('never', () => held.length) },
  promises: () => {
    const held = objects()
    const never = new Promise(() => {})
    void never.then(() => held)
    kept.push(never)
  },
}
export const gateway = defineGateway({
  backends: {},
  routes: r => Object.entries(leaks).map(([name, leak]) =>
    r.get(\`/leaks/\${name}\`, { out, run() { leak(); return 'well' } })),
})
`

const other = `
import { Type as T } from 'typebox'
import { defineGateway } from 'portcullis/composition'
export const gateway = defineGateway({ backends: {}, routes: r => [r.get('/other', { out: T.String(), run: () => 'well' })] })
`

suite('a composition that keeps a little of each request', () => {
  let up: TestUpstream
  let folder: Folder
  let run: RunProcess
  let url: string
  before(async () => {
    up = await TestUpstream.start((_, response) => void response.end('"well"'))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    folder = new Folder({
      'gw.yaml': composedYaml({
        port,
        paths: { '/leaks': 'leaking', '/other': 'other' },
        specs: {
          leaking: '{ bundle: ./leaking.gateway.ts, limits: { heap: 64Mi, external: 48Mi, stall: 30s } }',
          other: '{ bundle: ./other.gateway.ts, limits: { stall: 30s } }',
        },
        backends: { plain: up.port },
      }),
      'plain.yaml': `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: plain }
spec:
  parentRefs: [{ name: web }]
  rules: [{ matches: [{ path: { value: /plain } }], backendRefs: [{ group: portcullis.dev, kind: Backend, name: plain }] }]
`,
      'leaking.gateway.ts': leaking,
      'other.gateway.ts': other,
    })
    run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    await run.event('composition.serving', line => line['composition'] === 'default/leaking')
    await run.event('composition.serving', line => line['composition'] === 'default/other')
  })
  after(async () => {
    await run[Symbol.asyncDispose]()
    await up[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const ends = () => run.log.all.filter(({ event }) => event === 'composition.thread_ended')

  for (const [what, reason] of [
    ['heap', 'heap'],
    ['external', 'external'],
    ['shared', 'external'],
    ['timers', 'heap'],
    ['listeners', 'heap'],
    ['promises', 'heap'],
  ] as const)
    test(`${what}: it is ended for its ${reason}, and others serve all the time`, async () => {
      const soFar = ends().length
      const reasons = new Set<string>()
      while (ends().length === soFar) {
        const response = await fetch(`${url}/leaks/${what}`)
        const text = await response.text()
        if (response.status !== 200) reasons.add((JSON.parse(text) as { reason: string }).reason)
        for (const path of ['/other', '/plain']) {
          const neighbour = await fetch(`${url}${path}`)
          assert.equal(await neighbour.text(), '"well"', path)
        }
      }
      const [end] = ends().slice(soFar)
      assert.equal(end!['composition'], 'default/leaking')
      assert.equal(end!['reason'], reason)
      assert.match(String(end!['message']), new RegExp(`spec.limits.${reason}`))
      // Those that were under way when it ended, or came before another had begun.
      for (const one of reasons)
        assert.match(one, /^(bundle_terminated|bundle_unavailable|destination_unavailable)$/)
      while ((await fetch(`${url}/leaks/${what}`)).status !== 200);
      assert.equal(await (await fetch(`${url}/other`)).text(), '"well"')
    })
})
