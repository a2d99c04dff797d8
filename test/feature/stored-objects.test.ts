// Declared objects that come by the Admin API of a gateway that runs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { Folder, freePort, RunProcess } from '../support/process.ts'

const gateway = (port: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: portcullis
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`

const backend = (port: number) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Backend',
  metadata: { name: 'shop' },
  spec: { endpoints: [{ address: '127.0.0.1', port }] },
})
const route = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'shop' },
  spec: {
    parentRefs: [{ name: 'g' }],
    rules: [{ backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'shop' }] }],
  },
}
const BACKEND = '/v1/objects/portcullis.dev/Backend/default/shop'
const ROUTE = '/v1/objects/gateway.networking.k8s.io/HTTPRoute/default/shop'

test('a route that is put by the Admin API serves at once, after a kill, and until it is deleted', async () => {
  using work = new Folder()
  const data = join(work.path, 'data')
  const port = await freePort()
  mkdirSync(join(work.path, 'files'))
  const file = join(work.path, 'files', 'gateway.yaml')
  writeFileSync(file, gateway(port))
  const upstream = createServer((_, response) => void response.end('of the shop'))
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const start = async (): Promise<RunProcess> => {
    const run = await RunProcess.start([file], '--workers', '1', '--data', data)
    await run.started()
    return run
  }
  const ask = async (method: string, path: string, body?: unknown): Promise<[number, string]> => {
    const asking = request({
      socketPath: join(data, 'run', 'admin.sock'),
      method,
      path,
      headers: { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json' }) },
    })
    asking.end(body === undefined ? '' : JSON.stringify(body))
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    return [response.statusCode ?? 0, await text(response)]
  }
  const serves = async (): Promise<[number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    return [answer.status, await answer.text()]
  }
  try {
    const first = await start()
    assert.equal((await serves())[0], 404)
    const made = await ask('PUT', BACKEND, backend((upstream.address() as AddressInfo).port))
    assert.equal(made[0], 201, made[1])
    const [status, said] = await ask('PUT', ROUTE, route)
    assert.equal(status, 201, said)
    const { conditions } = JSON.parse(said) as {
      readonly conditions: readonly { readonly type: string; readonly good: boolean }[]
    }
    assert.deepEqual(conditions.map(({ type, good }) => `${type} ${good}`).toSorted(), [
      'Accepted true',
      'ResolvedRefs true',
    ])
    // The answer has come, so that it serves: nothing is waited for.
    assert.deepEqual(await serves(), [200, 'of the shop'])
    await first.stop('SIGKILL')
    const second = await start()
    assert.deepEqual(await serves(), [200, 'of the shop'])
    assert.equal((await ask('DELETE', ROUTE))[0], 200)
    assert.equal((await serves())[0], 404)
    // From here on a file has it, and comes first.
    assert.equal((await ask('PUT', '/v1/objects/gateway.networking.k8s.io/Gateway/default/g', {}))[0], 400)
    const taken = await ask('PUT', '/v1/objects/gateway.networking.k8s.io/Gateway/default/g', {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'g' },
      spec: { gatewayClassName: 'portcullis', listeners: [{ name: 'http', protocol: 'HTTP', port: 1 }] },
    })
    assert.equal(taken[0], 409)
    assert.match(taken[1], /gateway\.yaml:2:1, which comes first/)
    assert.equal(await second.stop(), 0)
  } finally {
    upstream.close()
  }
})

test('from the first user on admin-token and loopback let nobody in, and the socket does', async () => {
  using work = new Folder()
  const data = join(work.path, 'data')
  const port = await freePort()
  const file = join(work.path, 'gateway.yaml')
  writeFileSync(file, gateway(port))
  await using run = await RunProcess.start([file], '--workers', '1', '--data', data)
  await run.started()
  const url = `http://127.0.0.1:${run.admin}`
  assert.equal((await fetch(`${url}/v1/accounts`)).status, 200)
  const { token } = await run.log.first(line => line['event'] === 'setup.token_made')
  const setup = await fetch(`${url}/v1/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name: 'ann' }),
  })
  assert.equal(setup.status, 201)
  const done = (await setup.json()) as { readonly token: { readonly secret: string } }
  const by = async (authorization: string | null): Promise<[number, string]> => {
    const answer = await fetch(`${url}/v1/status`, {
      headers: authorization === null ? {} : { authorization },
    })
    return [answer.status, await answer.text()]
  }
  assert.equal((await by(`Bearer ${done.token.secret}`))[0], 200)
  assert.equal((await by(null))[0], 401)
  const old = readFileSync(join(data, 'secrets', 'admin-token'), 'utf8').trim()
  const refused = await by(`Bearer ${old}`)
  assert.equal(refused[0], 401)
  assert.match(refused[1], /admin-token counts only until there are users/)
})
