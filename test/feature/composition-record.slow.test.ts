// `portcullis composition record`: the storefront with its real services, and then without them by what was recorded.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startServices, writtenPorts, type ServiceName } from '../../examples/storefront/services/services.ts'
import { resolveOwnCopy } from '../../src/composition/loading/own-copy.ts'
import { testGateway } from '../../src/composition/testing.ts'
import { send } from '../support/client.ts'
import { exampleFile } from '../support/example.ts'
import { Folder, freePort } from '../support/process.ts'
import { Seen } from '../support/until.ts'

const portcullis = fileURLToPath(new URL('../../bin/portcullis', import.meta.url))

/** The storefront in a folder of its own, with these ports. */
async function storefrontIn(folder: string): Promise<number> {
  cpSync(exampleFile('storefront'), folder, { recursive: true })
  const services = await startServices(true)
  const port = await freePort()
  const ports = new Map<number, number>([[8080, port]])
  for (const name of Object.keys(writtenPorts) as ServiceName[]) ports.set(writtenPorts[name], services[name])
  for (const name of ['gateway.yaml', 'backends.yaml']) {
    const file = join(folder, 'portcullis', name)
    const text = readFileSync(file, 'utf8')
    writeFileSync(
      file,
      text.replaceAll(/port: (\d+)/g, (_, digits: string) => `port: ${ports.get(Number(digits))!}`),
    )
  }
  return port
}

const asked = [
  { path: '/me/7/home' },
  { path: '/me/9/home' },
  {
    method: 'POST',
    path: '/me/8/orders',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'order-0001' },
    body: '{"sku":"tea","price":4}',
  },
  { path: '/v1/stock/tea' },
  { path: '/v1/stock/coal' },
  { path: '/pictures/tea.svg' },
] as const

test('what was recorded answers a test as the backends did', async () => {
  using home = new Folder()
  const port = await storefrontIn(home.path)
  const flags = ['--admin', 'off', '--hide', 'email', '--hide', 'margin']
  const child = spawn(portcullis, ['composition', 'record', ...flags], {
    cwd: home.path,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1', XDG_STATE_HOME: home.path },
  })
  const ended = once(child, 'close')
  const live: { readonly status: number; readonly body: string }[] = []
  try {
    const said = new Seen<string>()
    createInterface(child.stdout).on('line', line => said.push(line))
    await said.first(line => line.startsWith('started '))
    for (const request of asked) live.push(await send(port, request))
    // Written before they are told of.
    for (const call of [
      'shop GET /customers/{id}',
      'shop GET /customers/{id}/orders',
      'shop GET /offers/{tier}',
      'shop POST /customers/{id}/orders',
      'stock getLevel',
      'pictures GET /pictures/{rest=**}',
    ])
      await said.first(line => line.startsWith(`recorded  ${call}`))
  } finally {
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  }
  assert.deepEqual(
    live.map(({ status }) => status),
    [200, 404, 201, 200, 404, 200],
  )
  const folder = join(home.path, 'fixtures')
  const texts = globSync('*/*.json', { cwd: folder }).map(file => readFileSync(join(folder, file), 'utf8'))
  assert.ok(texts.some(text => text.includes('"email": "hidden"')))
  assert.ok(!texts.some(text => text.includes('ada@example.com')))
  assert.ok(texts.some(text => text.includes('"messages"')))

  resolveOwnCopy()
  const { gateway } = await import('../../examples/storefront/storefront.gateway.ts')
  await using t = await testGateway(gateway)
  t.replay(folder)
  for (const [i, { path, ...more }] of asked.entries()) {
    const options = 'method' in more ? { headers: more.headers, body: JSON.parse(more.body) as object } : {}
    const answer = await ('method' in more ? t.post(path, options) : t.get(path))
    assert.deepEqual([answer.status, answer.text], [live[i]!.status, live[i]!.body], path)
  }
})
