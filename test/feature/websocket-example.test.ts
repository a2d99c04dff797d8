import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { send } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { run } from '../support/tls.ts'

// What examples/websocket runs, on ports of its own, with what it tells people to try.
const example = (file: string): string =>
  fileURLToPath(new URL(`../../examples/websocket/${file}`, import.meta.url))

suite('the example of WebSocket', () => {
  let gateway = 0
  let output = ''
  let child: ReturnType<typeof spawn>

  before(async () => {
    gateway = await freePort()
    const admin = `127.0.0.1:${await freePort()}`
    const flags = ['--gateway', String(gateway), '--backend', '0', '--admin', admin]
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
    // One line a WebSocket, one by each version.
    for (const version of ['1.1', '2'])
      assert.match(
        output,
        new RegExp(`"http.response.status_code":101,"network.protocol.version":"${version}"`),
      )
  })

  test('two hear each other, one by HTTP/1.1 and one by HTTP/2', async () => {
    const text = await run(process.execPath, [example('client.ts'), '--port', String(gateway)])
    for (const line of [
      'Ada hears: Bob is in the kitchen',
      'Bob hears: Ada: hello by HTTP/1.1',
      'Ada hears: Bob: hello by HTTP/2',
      'Ada hears: Bob has left',
    ])
      assert.ok(text.includes(`${line}\n`), `${text}\n${output}`)
  })

  test('who does not ask for a WebSocket is told so', async () => {
    assert.equal((await send(gateway, { path: '/room' })).status, 426)
  })
})
