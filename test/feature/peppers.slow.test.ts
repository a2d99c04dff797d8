import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { Postgres } from '../support/postgres.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const ours = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
})

const site = (port: number, upstream: number): string =>
  yamlOf(
    gateway([{ name: 'http', port }]),
    backend('up', [upstream]),
    httpRoute('r', { rules: [{ name: 'all', matches: [prefix('/')], backendRefs: [to('up')] }] }),
    ours('API', 'pets', { routeRefs: [{ name: 'r' }] }),
    ours('Product', 'pets', { apis: [{ name: 'pets' }], plans: [{ name: 'free' }] }),
    ours('Plan', 'free', {}),
  )

test('a gateway on a database that others share is given peppers by a command, and others while it runs', async t => {
  const postgres = await Postgres.start(t)
  if (postgres === null) return
  await using database = postgres
  await using upstream = await TestUpstream.start((_, response) => void response.end('here'))
  const port = await freePort()
  using resources = new Folder({ 'site.yaml': site(port, upstream.port) })
  using data = new Folder()
  using secrets = new Folder()
  writeFileSync(join(secrets.path, 'admin-token'), 'a-token-that-is-long-enough')
  const places = ['--data', data.path, '--secrets', secrets.path]
  const args = [...places, '--store', database.url(), '--workers', '1']
  await using run = await RunProcess.start([resources.path], ...args)
  await run.started()

  const records = async (command: string) => portcullis([...command.split(' '), '--data', data.path])
  const peppers = async (verb: string, code = 0): Promise<string> => {
    const words = verb === '' ? [] : verb.split(' ')
    const { stdout, stderr, code: found } = await portcullis(['keys', 'peppers', ...words, ...places])
    assert.equal(found, code, stdout + stderr)
    return code === 0 ? stdout : stderr
  }
  const until = async (key: string, status: number): Promise<void> => {
    while ((await send(port, { path: '/', headers: { 'X-API-Key': key } })).status !== status) await later(20)
  }
  const newKey = async (): Promise<string> => {
    const { stdout, stderr } = await records('keys create shop')
    assert.match(stdout, /^pc_live_/, stderr)
    return stdout.trim()
  }

  for (const command of ['apps create shop', 'subscriptions create shop pets'])
    assert.equal((await records(command)).code, 0)
  const refused = await records('keys create shop')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /peppers\.json .*make the first one by portcullis keys peppers make/)
  assert.match(await peppers('', 1), /there is no .*peppers\.json/)

  assert.match(await peppers('make'), /^\/.*peppers\.json\nmade under version 1\n$/)
  assert.match(await peppers('make', 1), /peppers\.json is there already/)
  const first = await newKey()
  await until(first, 200)

  await peppers('add')
  assert.match(await peppers('use 2'), /made under version 2; verified as well: 1\n/)
  const second = await newKey()
  await until(second, 200)
  await until(first, 200)
  assert.match(await peppers('drop 2', 1), /pepper 2 is the current one/)
  assert.match(await peppers('drop 3', 1), /has no pepper 3, it has 1, 2/)
  assert.match(await peppers('drop 1'), /made under version 2\n/)
  // Nobody can say any more whether it is right, which is no fault of who has it.
  await until(first, 503)
  await until(second, 200)

  for (const [verb, message] of [
    ['use', /expected nothing, make, add/],
    ['burn', /"burn" is not known|expected nothing/],
    ['use one', /"one" is no version/],
  ] as const)
    assert.match(await peppers(verb, 2), message)
})
