import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { send, type Answer } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const HOUR_MS = 3_600_000
const preload = fileURLToPath(new URL('../support/set-clock.ts', import.meta.url))

const ours = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
})

test('the clock of the system is set while the program runs: keys end and count again, quotas have their windows, rates go on', async () => {
  await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
  const port = await freePort()
  const limits = [
    { name: 'daily', kind: 'Quota', amount: 1_000, per: 'Day' },
    { name: 'pace', kind: 'Rate', amount: 500, per: 'Day' },
  ]
  using resources = new Folder({
    'site.yaml': yamlOf(
      gateway([{ name: 'http', port }]),
      backend('up', [upstream.port]),
      httpRoute('r', { rules: [{ name: 'all', matches: [prefix('/')], backendRefs: [to('up')] }] }),
      ours('API', 'pets', { routeRefs: [{ name: 'r' }] }),
      ours('Product', 'pets', { apis: [{ name: 'pets' }], plans: [{ name: 'free' }] }),
      ours('Plan', 'free', { limits }),
    ),
  })
  using data = new Folder({ ahead: '0' })
  const env = {
    NODE_OPTIONS: `--import=${preload}`,
    CLOCK_AHEAD_FILE: join(data.path, 'ahead'),
  }
  const args = ['--data', join(data.path, 'state'), '--workers', '2']
  await using run = await RunProcess.startWith(env, [resources.path], ...args)
  await run.started()
  const records = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await portcullis([...command.split(' '), ...args.slice(0, 2)])
    assert.equal(code, 0, stderr)
    return stdout.trim()
  }
  await records('apps create shop')
  await records('subscriptions create shop pets')
  const key = await records('keys create shop --expires 30d')

  const ask = (): Promise<Answer> => send(port, { path: '/', headers: { 'X-API-Key': key } })
  const left = ({ headers }: Answer): (number | undefined)[] =>
    ['daily', 'pace'].map(name =>
      Number(new RegExp(`"${name}";r=(\\d+)`).exec(String(headers['ratelimit']))?.[1]),
    )
  /** Until workers have seen it. */
  const set = async (aheadMs: number, seen: (answer: Answer) => boolean): Promise<Answer> => {
    data.write('ahead', String(aheadMs))
    for (;;) {
      const answer = await ask()
      if (seen(answer)) return answer
      await later(20)
    }
  }

  while ((await ask()).status !== 200) await later(20)
  const [daily = 0] = left(await ask())
  assert.ok(daily < 1_000)

  // Two days on: another window; the rate goes by the time that has passed.
  const next = await set(48 * HOUR_MS, answer => left(answer)[0]! > daily)
  assert.ok(left(next)[1]! < 500)
  const before = left(await ask())
  // Back: what was counted there is still counted, and the rate has not grown.
  const back = await set(0, answer => left(answer)[0]! < daily)
  assert.ok(left(back)[1]! < before[1]!)

  // Past the end of the key, and back before it.
  const late = await set(31 * 24 * HOUR_MS, ({ status }) => status !== 200)
  assert.equal(late.status, 401)
  assert.match(late.body.toString(), /api_key_expired/)
  assert.equal((await set(0, ({ status }) => status === 200)).status, 200)
})
