import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/process.ts'

// What `npm start` runs, on ports of its own, with the requests that it tells people to try.
const start = fileURLToPath(new URL('../../examples/quickstart/start.ts', import.meta.url))

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

async function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const call = request({ host: '127.0.0.1', port, path, headers, agent: false }).end()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve).on('error', reject)
  })
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

/** Runs the quickstart until it says that it listens, or ends. */
async function launch(args: readonly string[]) {
  const child = spawn(process.execPath, [start, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const exit = once(child, 'exit')
  const listening = new Promise<void>(resolve => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Ctrl-C')) resolve()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
  })
  await Promise.race([listening, once(child, 'close')])
  const ended = async () => {
    await exit
    return child.exitCode
  }
  const stop = async () => {
    child.kill('SIGTERM')
    return ended()
  }
  return { output: () => output, stop, ended }
}

suite('quickstart', () => {
  let gateway = 0
  let admin = 0
  let running: Awaited<ReturnType<typeof launch>>

  before(async () => {
    gateway = await freePort()
    admin = await freePort()
    const ports = ['--items', '0', '--echo', '0', '--troubled', '0']
    running = await launch(['--gateway', String(gateway), ...ports, '--admin', `127.0.0.1:${admin}`])
    assert.match(running.output(), /Portcullis listens on/)
  })

  after(async () => {
    assert.equal(await running.stop(), 0, running.output())
  })

  test('prints commands with the ports in use', () => {
    assert.ok(running.output().includes(`curl http://127.0.0.1:${gateway}/items/1`))
    assert.ok(running.output().includes(`http://127.0.0.1:${admin}/metrics`))
  })

  test('a path prefix reaches the items', async () => {
    const { status, body } = await get(gateway, '/items/1')
    assert.deepEqual([status, body], [200, '{"id":1,"name":"apple"}\n'])
    assert.equal((await get(gateway, '/itemsx')).status, 404)
  })

  test('the prefix is rewritten, and a response header added', async () => {
    const { status, headers, body } = await get(gateway, '/api/v1/items')
    assert.deepEqual([status, headers['x-api-version']], [200, 'v1'])
    assert.match(body, /"bread"/)
  })

  test('the host has a route of its own, with request headers changed', async () => {
    const { body } = await get(gateway, '/', { host: 'echo.example', 'x-secret': '1' })
    assert.match(body, /"x-from":"quickstart"/)
    assert.doesNotMatch(body, /x-secret/)
  })

  test('weights reach both services', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => get(gateway, '/split')))
    const echoed = answers.filter(({ body }) => body.startsWith('{"method"')).length
    // 60 tries at 1 in 4: beyond these bounds once in thirty million runs.
    assert.ok(echoed >= 1 && echoed <= 40, `${echoed} of 60 from the echo`)
  })

  test('a service that fails twice is asked a third time', async () => {
    const { status, body } = await get(gateway, '/unsteady')
    assert.deepEqual([status, body], [200, '{"ok":true,"attempts":3}\n'])
  })

  test('a service that takes too long is given up', async () => {
    assert.equal((await get(gateway, '/slow')).status, 504)
  })

  test('what has moved is redirected', async () => {
    const { status, headers } = await get(gateway, '/goods/1')
    assert.deepEqual([status, headers['location']], [301, `http://127.0.0.1:${gateway}/items/1`])
  })

  test('metrics count the requests', async () => {
    await get(gateway, '/items/2')
    assert.match(
      (await get(admin, '/metrics')).body,
      /portcullis_requests_total\{route="httproute\/default\/items\/0",code="200"\}/,
    )
  })
})

for (const [flag, code] of [
  ['--help', 0],
  ['--bogus', 1],
  ['--items=x', 1],
] as const)
  test(`${flag} shows the flags and ends with ${code}`, async () => {
    const { output, ended } = await launch([flag])
    assert.equal(await ended(), code)
    assert.match(output(), /^npm start -- \[--gateway PORT\]/m)
  })

test('a port in use is said, and nothing is left running', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  assert.ok(address !== null && typeof address === 'object')
  const { output, ended } = await launch(['--items', '0', '--echo', String(address.port), '--troubled', '0'])
  assert.equal(await ended(), 1)
  assert.match(output(), new RegExp(`port ${address.port} is in use`))
  taken.close()
})
