// Filters of the user's own on a GRPCRoute, between a client and a server of @grpc/grpc-js.
import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { before, after, suite, test } from 'node:test'
import { objectYaml } from '../support/composed-yaml.ts'
import { EchoClient, EchoServer, statusOf, type Message } from '../support/grpc.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { Seen } from '../support/until.ts'

/** Metadata both ways, refusals, and bytes that pass. */
const code = `
import { defineFilter, fail, Problem } from 'portcullis/composition'

async function* counted(pieces) {
  let bytes = 0
  for await (const piece of pieces) { bytes += piece.length; yield piece }
  console.log('bytes ' + bytes)
}

export const filter = defineFilter({
  requestBody: 'stream',
  responseBody: 'stream',
  request(r) {
    const tenant = r.headers.get('x-test-tenant')
    if (tenant === 'nobody') throw new Problem(403, 'No such tenant')
    if (tenant === 'late') return fail('http_request_denied')
    if (tenant === 'broken') return r.body.through(async function* () { throw new Error('a mistake') })
    if (tenant === 'cut') return void (r.state = 'cut')
    r.headers.set('x-test-of', r.path)
    r.body.through(counted)
  },
  response(r) {
    r.headers.set('x-filtered', 'yes')
    r.body.through(r.state === 'cut' ? cut : counted)
  },
})

async function* cut(pieces) {
  for await (const piece of pieces) { yield piece; throw new Error('a mistake') }
}
`

const yaml = (port: number, backend: number): string =>
  `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, port: ${port}, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: calls }
spec:
  parentRefs: [{ name: web }]
  rules:
    - matches: [{ method: { service: test.Echo } }]
      filters: [{ type: ExtensionRef, extensionRef: { group: portcullis.dev, kind: Filter, name: counted } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: echo }]
` +
  objectYaml('Filter', 'counted', '{ bundle: ./counted.filter.ts, timeout: 5s }') +
  objectYaml('Backend', 'echo', `{ protocol: h2c, endpoints: [{ address: 127.0.0.1, port: ${backend} }] }`)

suite('a filter of a GRPCRoute', () => {
  let server: EchoServer
  let folder: Folder
  let run: RunProcess
  let client: EchoClient

  before(async () => {
    server = await EchoServer.start()
    const port = await freePort()
    folder = new Folder({ 'gw.yaml': yaml(port, server.port), 'counted.filter.ts': code })
    run = await RunProcess.start([folder.path], '--workers', '2')
    await run.started()
    await run.event('composition.serving')
    client = new EchoClient(port)
  })

  after(async () => {
    client[Symbol.dispose]()
    await run[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const of = (tenant: string): { readonly metadata: Record<string, string> } => ({
    metadata: { 'x-test-tenant': tenant },
  })

  test('sees and changes metadata, and the call ends with its own status', async () => {
    const answer = await client.unary({ text: 'hello' }, of('ada'))
    assert.deepEqual([answer.code, answer.message?.text], [status.OK, 'hello'])
    assert.equal(answer.head?.get('x-filtered')[0], 'yes')
    assert.equal(answer.trailers.get('x-test-of')[0], '/test.Echo/Unary')
  })

  for (const [tenant, expected] of [
    ['nobody', status.PERMISSION_DENIED],
    ['late', status.PERMISSION_DENIED],
    ['broken', status.UNAVAILABLE],
  ] as const)
    test(`that ends a call gives it a status: ${tenant}`, async () => {
      const answer = await client.unary({ text: 'hello' }, of(tenant))
      assert.deepEqual([answer.code, answer.message], [expected, null])
    })

  test('has messages of a stream pass as they come, in both directions', async () => {
    const chat = client.chat(of('ada'))
    const ended = statusOf(chat)
    const came = new Seen<Message>()
    chat.on('data', (message: Message) => came.push(message))
    for (let i = 0; i < 5; i++) {
      chat.write({ text: `message ${i}` })
      await came.count(i + 1)
      assert.equal(came.all[i]?.text, `message ${i}`)
    }
    chat.end()
    assert.equal((await ended).code, status.OK)
  })

  test('lets nobody take half a stream for all of it', async () => {
    const spread = client.spread({ text: 'x', count: 10_000 }, of('cut'))
    const ended = statusOf(spread)
    spread.resume()
    assert.notEqual((await ended).code, status.OK)
  })
})
