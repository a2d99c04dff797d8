import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { AuthService, type Question } from '../support/auth-service.ts'
import { seenBy, send, type Asked } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { externalAuthPolicy } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const yaml = (up: number, auth: number, spec: object = {}, ...more: readonly object[]): string =>
  yamlOf(
    gateway(),
    httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [up]),
    backend('auth', [auth]),
    externalAuthPolicy({ cache: { maxAge: '1h' }, http: { allowedHeaders: ['X-Api-Key'] }, ...spec }),
    ...more,
  )

async function start(answer?: (question: Question, response: ServerResponse) => void, spec: object = {}) {
  const upstream = await TestUpstream.start()
  const service = await AuthService.start(answer)
  const portcullis = await startGateway(yaml(upstream.port, service.port, spec))
  return {
    upstream,
    service,
    portcullis,
    ask: (asked: Asked = {}) => send(portcullis.port(), asked),
    async [Symbol.asyncDispose]() {
      await portcullis[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

test('what is asked again is not', async () => {
  await using all = await start((_, response) => response.setHeader('X-User', 'alice').end(), {
    http: { allowedHeaders: [], allowedResponseHeaders: ['X-User'] },
  })
  for (let i = 0; i < 3; i++)
    assert.deepEqual(
      seenBy(await all.ask({ headers: { 'X-User': 'admin', 'X-Api-Key': String(i) } }), 'x-user'),
      ['alice'],
    )
  assert.equal(all.service.asked.length, 1)
  const metrics = all.portcullis.metrics()
  const policy = 'policy="ExternalAuthPolicy/default/ask"'
  assert.ok(metrics.includes(`portcullis_external_auth_total{${policy},result="allowed"} 1`), metrics)
  assert.ok(metrics.includes(`portcullis_external_auth_total{${policy},result="allowed_cached"} 2`), metrics)
  const line = await all.portcullis.line(({ 'portcullis.external_auth': how }) => how === 'allowed, cached')
  assert.equal(line['http.response.status_code'], 200)
})

for (const [what, other] of [
  ['method', { method: 'DELETE' }],
  ['host', { host: 'b.example' }],
  ['path', { path: '/other' }],
  ['query', { path: '/?a' }],
  ['Authorization', { headers: { Authorization: 'Bearer other' } }],
  ['cookie', { headers: { Cookie: 'other=1' } }],
  ['credential that is not sent', { headers: { 'Proxy-Authorization': 'Basic other' } }],
  ['chosen header', { headers: { 'X-Api-Key': 'other' } }],
] as const)
  test(`another ${what} is asked about anew`, async () => {
    await using all = await start((_, response) => response.end())
    await all.ask()
    await all.ask(other)
    await all.ask(other)
    assert.equal(all.service.asked.length, 2)
  })

test('another spelling of a path is the same path', async () => {
  await using all = await start()
  for (const path of ['/a', '/%61', '/b/../a']) await all.ask({ path })
  assert.equal(all.service.asked.length, 1)
})

for (const [what, status, fields, times] of [
  ['an approval', 204, [], 1],
  ['one that may be kept for no time', 200, ['Cache-Control', 'max-age=0'], 2],
  ['one that is not to be stored', 200, ['Cache-Control', 'no-store'], 2],
  ['one with a cookie', 200, ['Set-Cookie', 'a=1'], 2],
  ['a refusal', 401, [], 2],
  ['a refusal that says how long', 403, ['Cache-Control', 'max-age=60'], 1],
  ['a failure', 500, ['Cache-Control', 'max-age=60'], 2],
] as const)
  test(`${what} is asked for ${times === 1 ? 'once' : 'each time'}`, async () => {
    await using all = await start((_, response) => response.writeHead(status, [...fields]).end('words'))
    const answers = [await all.ask(), await all.ask()]
    assert.equal(all.service.asked.length, times)
    assert.deepEqual(
      answers.map(answer => [answer.status, answer.headers['set-cookie']]),
      [answers[0], answers[0]].map(answer => [answer?.status, answer?.headers['set-cookie']]),
    )
    if (status >= 400 && status < 500) assert.equal(answers[1]?.body, 'words')
  })

test('it is kept no longer than it may', async () => {
  await using all = await start(undefined, { cache: { maxAge: '1ms' } })
  await all.ask()
  // Whatever the clock of the machine does, some request comes after that time.
  while (all.service.asked.length < 2) await all.ask()
})

for (const [kind, name] of [
  ['Gateway', 'gw'],
  ['HTTPRoute', 'r'],
] as const)
  test(`a reload keeps it, another version of the policy of a ${kind} does not`, async () => {
    const at = { targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name }] }
    await using all = await start(undefined, at)
    const { upstream, service, portcullis } = all
    for (const port of [1, 2, 3]) {
      await all.ask()
      await portcullis.reload(yaml(upstream.port, service.port, at, backend('more', [port])))
    }
    await all.ask()
    assert.equal(service.asked.length, 1)
    for (const timeout of ['4s', '3s']) {
      await portcullis.reload(yaml(upstream.port, service.port, { ...at, timeout }))
      await all.ask()
      await all.ask()
    }
    assert.equal(service.asked.length, 3)
  })

test('the same question at the same time is put once', async () => {
  const held = new Seen<ServerResponse>()
  await using all = await start((_, response) => held.push(response))
  const answers = Array.from({ length: 5 }, () => all.ask())
  const response = await held.first()
  response.end()
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200)
  assert.equal(all.service.asked.length, 1)
})

test('who asked first and leaves takes nobody with it', async () => {
  const held = new Seen<ServerResponse>()
  let open = false
  await using all = await start((_, response) => {
    if (open) response.end()
    else held.push(response)
  })
  const { portcullis } = all
  await using first = await RawClient.to(portcullis.port())
  await using second = await RawClient.to(portcullis.port())
  const head = 'GET / HTTP/1.1\r\nHost: a.example\r\n'
  first.write(`${head}\r\n`)
  await held.count(1)
  second.write(`${head}\r\n${head}X-Last: 1\r\nConnection: close\r\n\r\n`)
  first.socket.destroy()
  await portcullis.line(({ 'portcullis.failure': failure }) => failure === 'client_gone')
  // Should the second one have come too late to share the question, it has put its own.
  open = true
  for (const response of held.all) response.end()
  await second.closed()
  assert.equal(second.text.match(/HTTP\/1\.1 200/g)?.length, 2)
})

test('one whose answer is for it alone is asked for each', async () => {
  let count = 0
  const held = new Seen<ServerResponse>()
  await using all = await start((_, response) => {
    response.setHeader('Set-Cookie', `s=${++count}`)
    held.push(response)
  })
  const answers = [all.ask(), all.ask()]
  void held.count(1).then(([response]) => response?.end())
  void held.count(2).then(([, response]) => response?.end())
  const cookies = (await Promise.all(answers)).map(({ headers }) => String(headers['set-cookie']))
  assert.deepEqual(cookies.toSorted(), ['s=1', 's=2'])
})
