import assert from 'node:assert/strict'
import { test } from 'node:test'
import { library } from '../../../../test/support/library.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { grpc } from '../../backends/grpc.ts'
import type { CallRecord } from '../../calls/call-record.ts'
import { Engine } from '../../engine/engine.ts'
import type { GatewayAnswer, GatewayRequest } from '../../engine/messages.ts'
import { envelope } from '../../grpc/envelopes.ts'
import { defineGateway } from '../../routes/gateway.ts'
import type { AnswerBody } from '../../transport/transport.ts'
import { WholeBody } from '../../transport/whole-body.ts'

const gateway = defineGateway({
  backends: { library: grpc(library.getService('library.Library')!, { url: 'http://library' }) },
  routes: r => [r.transcode('library', { descriptors: library })],
})

/** An engine whose backend answers with this body at once, and OK behind it. */
function answering(bytes: Uint8Array) {
  const ended: CallRecord[] = []
  const body: AnswerBody = Object.assign(new WholeBody('', bytes), { trailers: { 'grpc-status': '0' } })
  const headers = { 'content-type': 'application/grpc' }
  const engine = new Engine(gateway, {
    transport: {
      retries: true,
      send: () => Promise.resolve({ status: 200, headers, body }),
      open: () => Promise.reject(new Error('no tunnels')),
    },
    clock: systemClock,
    observer: { ended: record => void ended.push(record) },
  })
  const ask = (more: Partial<GatewayRequest> = {}): Promise<GatewayAnswer> =>
    engine.answer({ method: 'GET', target: '/v1/shelves/1/books/2', headers: {}, body: null, ...more })
  return { ask, ended }
}

const message = envelope(0, new Uint8Array())

// What the client is told and what is counted, logged and traced is the same.
for (const [what, bytes, status, outcome, code] of [
  ['one message', message, 200, 'ok', null],
  ['no message', new Uint8Array(), 501, 'backend_status', 'unimplemented'],
  ['two messages', Buffer.concat([message, message]), 501, 'backend_status', 'unimplemented'],
] as const)
  test(`a unary call that is answered with ${what} is told of as ${outcome}`, async () => {
    const { ask, ended } = answering(bytes)
    assert.equal((await ask()).status, status)
    assert.deepEqual(
      ended.map(record => [record.outcome, record.grpcCode]),
      [[outcome, code]],
    )
  })

test('a call ends once whose client has gone when its answer comes', async () => {
  const { ask, ended } = answering(message)
  const gone = new AbortController()
  const answer = ask({ signal: gone.signal })
  gone.abort(new Error('gone'))
  await answer
  assert.deepEqual(
    ended.map(({ outcome }) => outcome),
    ['client_gone'],
  )
})
