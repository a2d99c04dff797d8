import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { Example, exampleFile } from '../support/example.ts'
import { run } from '../support/tls.ts'

// What it tells people to try.
suite('the example of gRPC', () => {
  let example: Example

  before(async () => {
    example = await Example.start('grpc')
  })

  after(async () => {
    await example.stop()
  })

  test('its client sees what the README says', async () => {
    const lines = (
      await run(process.execPath, [exampleFile('grpc/client.ts'), '--port', String(example.gateway)])
    ).split('\n')
    assert.equal(
      lines[0],
      '/shop.Inventory/Get apple: {"name":"apple","count":3,"via":"portcullis"}',
      example.output,
    )
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
    const { headers, body } = await send(example.gateway, {
      method: 'POST',
      path: '/shop.Inventory/Get',
      headers: { 'Content-Type': 'application/grpc-web-text' },
      body: 'AAAAAAcKBWFwcGxl',
    })
    assert.equal(headers['content-type'], 'application/grpc-web-text+proto')
    assert.match(body, /^AAAAABUKBWFwcGxl/)
  })

  test('metrics tell how calls ended', async () => {
    const { body } = await send(example.admin, { path: '/metrics' })
    assert.match(
      body,
      /portcullis_grpc_responses_total\{route="grpcroute\/default\/inventory\/1",status="5"\}/,
    )
  })
})
