import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/process.ts'
import { askOnce, failureOf } from '../support/tls.ts'

// What examples/tls runs, on ports of its own, with the requests that it tells people to try.
const start = fileURLToPath(new URL('../../examples/tls/start.ts', import.meta.url))

suite('the example of TLS', () => {
  let gateway = 0
  let clients = 0
  let output = ''
  let child: ReturnType<typeof spawn>
  let ca = ''
  let client = ''

  before(async () => {
    gateway = await freePort()
    clients = await freePort()
    const admin = `127.0.0.1:${await freePort()}`
    const ports = [
      '--gateway',
      String(gateway),
      '--clients',
      String(clients),
      '--backend',
      '0',
      '--admin',
      admin,
    ]
    child = spawn(process.execPath, [start, ...ports], { stdio: ['ignore', 'pipe', 'pipe'] })
    const listening = new Promise<void>(resolve => {
      const collect = (chunk: Buffer): void => {
        output += chunk.toString()
        if (output.includes('Ctrl-C')) resolve()
      }
      child.stdout?.on('data', collect)
      child.stderr?.on('data', collect)
    })
    await Promise.race([listening, once(child, 'close')])
    const folder = /^ {2}cd (.+)$/m.exec(output)?.[1]
    assert.ok(folder !== undefined, output)
    ca = readFileSync(join(folder, 'ca.pem'), 'utf8')
    client = readFileSync(join(folder, 'client.pem'), 'utf8')
  })

  after(async () => {
    child.kill('SIGTERM')
    await once(child, 'exit')
    assert.equal(child.exitCode, 0, output)
  })

  test('a request is decrypted, and encrypted anew', async () => {
    const { status, body } = await askOnce(gateway, 'shop.example', { ca })
    assert.equal(status, 200)
    assert.match(body, /"x-forwarded-proto":"https"/)
  })

  test('a connection passes through on the same port', async () => {
    const { status, body } = await askOnce(gateway, 'raw.example', { ca })
    assert.equal(status, 200)
    assert.doesNotMatch(body, /x-forwarded/)
  })

  test('a name of no listener ends its connection', async () => {
    assert.match(await failureOf(gateway, 'other.example', { ca }), /ECONNRESET/)
  })

  test('the backend is told of the client certificate, which is insisted on', async () => {
    const { status, body } = await askOnce(clients, 'admin.example', { ca, cert: client, key: client })
    assert.equal(status, 200)
    assert.match(body, /"x-forwarded-client-cert":"Hash=[0-9a-f]{64};Subject=\\"CN=somebody\\";DNS=somebody"/)
    assert.notEqual(await failureOf(clients, 'admin.example', { ca }), 'none')
  })

  test('no private key is in what it says', () => assert.doesNotMatch(output, /PRIVATE KEY/))
})
