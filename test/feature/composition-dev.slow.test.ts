// `portcullis composition dev`: the gateway itself, mocks where nobody is, changes taken, and the fan-out of requests.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Folder, freePort } from '../support/process.ts'
import { Seen } from '../support/until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const portcullis = join(root, 'bin/portcullis')

test('serves, mocks, follows, and shows', async () => {
  using home = new Folder()
  assert.equal(spawnSync(portcullis, ['composition', 'new', 'shop'], { cwd: home.path }).status, 0)
  const folder = join(home.path, 'shop')
  const change = (file: string, from: string, to: string): void => {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    assert.ok(text.includes(from), from)
    writeFileSync(path, text.replaceAll(from, to))
  }
  const [port, shopPort, usersPort] = [await freePort(), await freePort(), await freePort()]
  change('portcullis/gateway.yaml', 'port: 8080', `port: ${port}`)
  change('portcullis/gateway.yaml', 'port: 9101', `port: ${shopPort}`)
  change('portcullis/gateway.yaml', 'port: 9102', `port: ${usersPort}`)
  // The users are there, the shop is not.
  const users = createServer((_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"id":"7","name":"Grace","tier":"tin"}'),
  ).listen(usersPort, '127.0.0.1')
  const child = spawn(portcullis, ['composition', 'dev', '--admin', 'off', '--page', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1', XDG_STATE_HOME: home.path },
  })
  const ended = once(child, 'close')
  try {
    const said = new Seen<string>()
    createInterface(child.stdout).on('line', line => said.push(line))
    await said.first(line => line === `shop  127.0.0.1:${shopPort}  a mock, by its contract`)
    await said.first(line => line === `users  127.0.0.1:${usersPort}  itself`)
    const page = /http:\S+/.exec(await said.first(line => line.startsWith('requests ')))![0]
    await said.first(line => line.startsWith('started '))
    const ask = async () =>
      (await fetch(`http://127.0.0.1:${port}/me/7?token=x`)).json() as Promise<{
        name: string
        orders: readonly { id: string }[]
      }>
    const offer = { title: 'A book', price: 9 }
    assert.deepEqual(await ask(), { name: 'Grace', orders: [{ id: 'o-1', total: 12.5 }], offer })
    await said.first(line => /^200 {2}GET \/me\/7 {2}[\d.]+ ms$/.test(line))
    for (const call of [
      'users GET /users/{id}',
      'shop GET /customers/{id}/orders',
      'shop GET /offers/{tier}',
    ])
      await said.first(line => line.startsWith(`     ${call}`) && line.includes('━'))

    const events = await fetch(`${page}events`)
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    let shown = ''
    while (!shown.includes('shop GET /offers/{tier}')) shown += (await reader.read()).value ?? ''
    await reader.cancel()
    assert.match(await (await fetch(page)).text(), /<title>composition dev<\/title>/)
    // Not for a page of somebody else's whose name leads here.
    const foreign = request(`${page}events`, { headers: { host: 'evil.example' } }).end()
    const [answer] = (await once(foreign, 'response')) as [{ statusCode: number; resume(): void }]
    answer.resume()
    assert.equal(answer.statusCode, 403)

    // The mock is by the contract as it is.
    change('contracts/shop.yaml', 'o-1', 'o-2')
    while ((await ask()).orders[0]?.id !== 'o-2');

    change('shop.gateway.ts', 'name: x.user.name', "name: 'Dear ' + x.user.name")
    while ((await ask()).name !== 'Dear Grace');
    // What cannot be one is told with its line, and the one before goes on.
    change('shop.gateway.ts', "'/me/{id}'", "'/me/{id}/{id}'")
    await said.first(line => /^refused {2}.*shop\.gateway\.ts:\d+:\d+: .*has a name twice/.test(line))
    assert.equal((await ask()).name, 'Dear Grace')
    change('shop.gateway.ts', "'/me/{id}/{id}'", "'/me/{id}' of")
    await said.first(line => /^refused {2}shop\.gateway\.ts:\d+:\d+: Expected ','/.test(line))
    assert.equal((await ask()).name, 'Dear Grace')
    assert.deepEqual(
      said.all.filter(line => line.startsWith('problem')),
      [],
    )
    change('shop.gateway.ts', "'/me/{id}' of", "'/me/{id}'")
    change('shop.gateway.ts', "'Dear '", "'My '")
    while ((await ask()).name !== 'My Grace');
  } finally {
    child.kill('SIGTERM')
    users.close()
    users.closeAllConnections()
  }
  assert.deepEqual(await ended, [0, null])
})
