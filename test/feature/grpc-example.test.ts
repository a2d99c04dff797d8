import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { send } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { run } from '../support/tls.ts'

// What examples/grpc runs, on ports of its own, with what it tells people to try.
const example = (file: string): string =>
  fileURLToPath(new URL(`../../examples/grpc/${file}`, import.meta.url))

suite('the example of gRPC', () => {
  let gateway = 0
  let admin = 0
  let output = ''
  let child: ReturnType<typeof spawn>

  before(async () => {
    gateway = await freePort()
    admin = await freePort()
    const flags = ['--gateway', String(gateway), '--backend', '0', '--admin', `127.0.0.1:${admin}`]
    child = spawn(process.execPath, [example('start.ts'), ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    const listening = new Promise<void>(resolve => {
      const collect = (chunk: Buffer): void => {
        output += chunk.toString()
        if (output.includes('Ctrl-C')) resolve()
      }
      child.stdout?.on('data', collect)
      child.stderr?.on('data', collect)
    })
    await Promise.race([listening, once(child, 'close')])
  })

  after(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    assert.equal(child.exitCode, 0, output)
  })

  test('its client sees what the README says', async () => {
    const lines = (await run(process.execPath, [example('client.ts'), '--port', String(gateway)])).split('\n')
    assert.equal(lines[0], '/shop.Inventory/Get apple: {"name":"apple","count":3,"via":"portcullis"}', output)
    assert.equal(lines[1], '/shop.Inventory/Get plum: NOT_FOUND no plum here')
    // Whoever of the two comes first.
    assert.match(lines[2] ?? '', /^\/shop\.Inventory\/Get slow: DEADLINE_EXCEEDED /)
    assert.match(
      lines[3] ?? '',
      /^\/shop\.Orders\/Get apple: UNIMPLEMENTED No route matches the request \(exchange [\w-]+\)$/,
    )
    assert.deepEqual(
      lines.slice(4, 8),
      [3, 2, 1, 0].map(count => `/shop.Inventory/Watch apple: ${count}`),
    )
  })

  test('gRPC-Web is translated', async () => {
    const { headers, body } = await send(gateway, {
      method: 'POST',
      path: '/shop.Inventory/Get',
      headers: { 'Content-Type': 'application/grpc-web-text' },
      body: 'AAAAAAcKBWFwcGxl',
    })
    assert.equal(headers['content-type'], 'application/grpc-web-text+proto')
    assert.match(body, /^AAAAABUKBWFwcGxl/)
  })

  test('metrics tell how calls ended', async () => {
    const { body } = await send(admin, { path: '/metrics' })
    assert.match(
      body,
      /portcullis_grpc_responses_total\{route="grpcroute\/default\/inventory\/1",status="5"\}/,
    )
  })
})
