import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Logger } from '../../src/telemetry/log.ts'
import {
  block,
  continuation,
  data,
  END_STREAM,
  frame,
  headers,
  ping,
  settings,
} from '../support/http2/wire.ts'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import type { LogLine } from '../support/process.ts'
import { RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one))
const bomb = Buffer.concat([
  block(':status', '200'),
  Buffer.from('\x40\x01x\x7f\xa1\x1e', 'latin1'),
  Buffer.alloc(4000, 'a'),
  Buffer.alloc(12_000, 0xbe),
])

/** Each row: what a backend answers with, why its connection ends ("" where it need not), and what the client is told. */
for (const [what, answer, fault, failure] of [
  ['SETTINGS without end', many(50, settings()), 'flood-settings', 'http_protocol_error'],
  ['PING without end', many(200, ping()), 'flood-pings', 'http_protocol_error'],
  [
    'frames of unknown types without end',
    many(200, frame(0xfa, 0, 0, 'x')),
    'flood-extensions',
    'http_protocol_error',
  ],
  [
    'a head without end',
    Buffer.concat([headers(1, Buffer.alloc(0), END_STREAM), many(20, continuation(1, Buffer.alloc(0), 0))]),
    'flood-continuations',
    'http_protocol_error',
  ],
  [
    'a compression that is broken',
    headers(1, Buffer.from([0xff, 0xff, 0xff])),
    'compression',
    'http_protocol_error',
  ],
  ['a promise', frame(5, 4, 1, '\0\0\0\x02'), 'push', 'http_protocol_error'],
  ['DATA on a stream that nobody has opened', data(7, 'x'), 'stream-idle', 'http_protocol_error'],
  [
    'a bomb of fields',
    Buffer.concat([headers(1, bomb.subarray(0, 16_384), 0), continuation(1, bomb.subarray(16_384))]),
    '',
    'response_header_section_size',
  ],
  [
    'interim responses without end',
    many(40, headers(1, block(':status', '103'), 4)),
    '',
    'http_protocol_error',
  ],
  ['a malformed head', headers(1, block(':status', '200', 'X', 'y')), '', 'http_protocol_error'],
] as const)
  test(`a backend answers with ${what}: 502 ${failure}`, async () => {
    await using hostile = await RawServer.start(socket => {
      socket.write(settings())
      let bytes = 0
      socket.on('data', (chunk: Buffer) => {
        // What a connection begins with is less than this, the request more.
        const before = bytes
        bytes += chunk.length
        if (before <= 100 && bytes > 100) socket.write(answer)
      })
    })
    await using good = await TestUpstream.start((_request, response) => void response.end('ok'))
    const log = new Seen<LogLine>()
    await using running = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('all', {
          rules: [
            { matches: [prefix('/good')], backendRefs: [to('good')] },
            { matches: [prefix('/')], backendRefs: [to('hostile')] },
          ],
        }),
        backend('good', [good.port]),
        {
          apiVersion: 'portcullis.dev/v1alpha1',
          kind: 'Backend',
          metadata: { name: 'hostile' },
          spec: { protocol: 'h2c', endpoints: [{ address: '127.0.0.1', port: hostile.port }] },
        },
      ),
      {
        log: new Logger({ human: false, windowMs: 0, write: line => log.push(JSON.parse(line) as LogLine) }),
      },
    )
    // POST: what may not be repeated is asked for once.
    const answered = await send(running.port(), { method: 'POST', path: '/x', body: 'x'.repeat(200) })
    assert.equal(answered.status, 502)
    const line = await running.line(one => one['url.path'] === '/x')
    assert.equal(line['portcullis.failure'], failure)
    if (fault !== '') {
      const told = await log.first(one => one['event'] === 'endpoint.fault')
      assert.deepEqual([told['cluster'], told['rule']], ['Backend/default/hostile', fault])
      const counted = `portcullis_upstream_faults_total{cluster="Backend/default/hostile",rule="${fault}"} 1`
      assert.ok(running.metrics().includes(counted), counted)
    }
    assert.equal((await send(running.port(), { path: '/good' })).body, 'ok')
  })
