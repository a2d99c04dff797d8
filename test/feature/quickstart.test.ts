import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended()
  }
  return { output: () => output, stop, ended }
}

suite('quickstart', () => {
  let gateway = 0
  let admin = 0
  const data = mkdtempSync(join(tmpdir(), 'portcullis-quickstart-test-'))
  let running: Awaited<ReturnType<typeof launch>>

  const begin = async () => {
    const ports = ['--gateway', String(gateway), '--items', '0', '--echo', '0', '--troubled', '0']
    running = await launch([...ports, '--admin', `127.0.0.1:${admin}`, '--data', data])
    assert.match(running.output(), /Portcullis listens on/)
  }

  before(async () => {
    gateway = await freePort()
    admin = await freePort()
    await begin()
  })

  after(async () => {
    assert.equal(await running.stop(), 0, running.output())
    rmSync(data, { recursive: true })
  })

  const key = (): string => / KEY=(\S+)/.exec(running.output())?.[1] ?? ''

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

  test('a page is composed, and says what is missing', async () => {
    const { status, headers, body } = await get(gateway, '/page/1')
    assert.deepEqual([status, body], [200, '{"name":"apple","next":"bread","advice":null}'])
    assert.equal(headers['x-portcullis-partial'], 'advice')
    assert.equal((await get(gateway, '/page/99')).status, 404)
    assert.equal((await get(gateway, '/page/x')).status, 400)
  })

  test('its API is for nobody without a key, and says where one goes', async () => {
    const { status, headers, body } = await get(gateway, '/shop/items')
    assert.equal(status, 401)
    assert.ok(headers['www-authenticate'])
    assert.match(body, /"help":".*X-API-Key/)
  })

  test('the key that it prints opens it, and the answer says what is left', async () => {
    const { status, headers, body } = await get(gateway, '/shop/items/1', { 'x-api-key': key() })
    assert.deepEqual([status, body], [200, '{"id":1,"name":"apple"}\n'], running.output())
    assert.match(String(headers['ratelimit']), /^"burst";r=\d;t=\d+, "daily";r=\d+;t=\d+$/)
  })

  test('over the limit of the plan it is 429, until Retry-After', async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, () => get(gateway, '/shop/items', { 'x-api-key': key() })),
    )
    const denied = all.find(({ status }) => status === 429)
    assert.match(String(denied?.headers['retry-after']), /^[1-9]\d*$/)
  })

  test('metrics count the requests', async () => {
    await get(gateway, '/items/2')
    assert.match(
      (await get(admin, '/metrics')).body,
      /portcullis_requests_total\{route="httproute\/default\/items\/0",code="200"\}/,
    )
  })

  test('another start has the same key, and one that is lost is made anew', async () => {
    const first = key()
    assert.equal(await running.stop(), 0, running.output())
    await begin()
    assert.equal(key(), first)
    // As a terminal that is closed does: the gateway goes, too, or the next one would not have its folder.
    assert.equal(await running.stop('SIGHUP'), 0, running.output())
    rmSync(join(data, 'quickstart.key'))
    await begin()
    assert.match(key(), /^pc_live_/)
    assert.notEqual(key(), first)
    assert.equal(readFileSync(join(data, 'quickstart.key'), 'utf8').trim(), key())
    assert.equal((await get(gateway, '/shop/items', { 'x-api-key': first })).status, 401)
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
