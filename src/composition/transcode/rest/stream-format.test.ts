import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { library } from '../../../../test/support/library.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { RequestScope } from '../../calls/scope.ts'
import { envelope } from '../../grpc/envelopes.ts'
import { WholeBody } from '../../transport/whole-body.ts'
import { MethodAnswer } from '../call/method-answer.ts'
import { Transcoder } from '../transcoder.ts'

const LIMIT = 1_000
const transcoder = new Transcoder({ descriptors: library, services: ['library.Library'] }, {})
const schema = library.getMessage('library.Book')!
const book = (title: string): Uint8Array => envelope(0, toBinary(schema, create(schema, { title } as never)))
/** A title that goes on behind its message. */
const noBook = envelope(0, Uint8Array.from([0x12, 0x7f]))

/** What a client gets of these bytes: `whole` when they are here before it is begun. */
async function said(accept: string, body: Uint8Array, status: string, whole: boolean) {
  const request = { method: 'GET', target: '/v1/shelves/1/books:watch', headers: { accept }, body: null }
  const incoming = { request, search: '', scope: new RequestScope(systemClock, Infinity, 0) }
  const inbound = transcoder.inbound(request.target, incoming, LIMIT)
  const given = new MethodAnswer(
    {
      status: 200,
      headers: { 'content-type': 'application/grpc' },
      body: Object.assign(new WholeBody('', body), {
        trailers: { 'grpc-status': status, 'grpc-message': 'gone' },
        ...(whole && { whole: () => body }),
      }),
    },
    'library watchBooks',
    LIMIT,
  )
  const failures: unknown[] = []
  given.onOver(failure => failures.push(failure))
  const { body: written } = await inbound.answer(given, () => ({}))
  assert.equal(typeof written === 'string', whole)
  const chunks = typeof written === 'string' ? [written] : written
  const text = (await Array.fromAsync<unknown, string>(chunks as AsyncIterable<unknown>, String)).join('')
  return { text, code: given.status?.code, failed: failures.map(String) }
}

suite('a stream in a body, as it comes and all at once', () => {
  const two = Buffer.concat([book('a'), book('b')])
  const gone = '{"code":5,"message":"gone","details":[]}'
  const wrong =
    '{"code":13,"message":"the backend\'s message is no library.Book, or cannot be JSON","details":[]}'
  const cut = '{"code":13,"message":"the answer of the backend cannot be read","details":[]}'
  for (const [what, body, status, code, array, lines, events] of [
    ['of two', two, '0', 0, '[A,\nB]', 'A\nB\n', 'data: A\n\ndata: B\n\nevent: end\ndata: {}\n\n'],
    ['of none', Buffer.alloc(0), '0', 0, '[]', '', 'event: end\ndata: {}\n\n'],
    [
      'that ends badly',
      two,
      '5',
      5,
      `[A,\nB,\n{"error":${gone}}]`,
      `A\nB\n{"error":${gone}}\n`,
      `data: A\n\ndata: B\n\nevent: error\ndata: ${gone}\n\n`,
    ],
    [
      'of none that ends badly',
      Buffer.alloc(0),
      '5',
      5,
      `[{"error":${gone}}]`,
      `{"error":${gone}}\n`,
      `event: error\ndata: ${gone}\n\n`,
    ],
    [
      'with a message in it that is none',
      Buffer.concat([two, noBook, book('c')]),
      '0',
      13,
      `[A,\nB,\n{"error":${wrong}}]`,
      `A\nB\n{"error":${wrong}}\n`,
      `data: A\n\ndata: B\n\nevent: error\ndata: ${wrong}\n\n`,
    ],
    [
      'that ends within a message',
      Buffer.concat([two, book('c').subarray(0, 6)]),
      '0',
      13,
      `[A,\nB,\n{"error":${cut}}]`,
      `A\nB\n{"error":${cut}}\n`,
      `data: A\n\ndata: B\n\nevent: error\ndata: ${cut}\n\n`,
    ],
  ] as const)
    for (const [accept, text] of [
      ['application/json', array],
      ['application/x-ndjson', lines],
      ['text/event-stream', events],
    ] as const)
      test(`${what}, as ${accept}`, async () => {
        const expected = text.replace('A', '{"title":"a"}').replace('B', '{"title":"b"}')
        const asItComes = await said(accept, body, status, false)
        assert.deepEqual([asItComes.text, asItComes.code], [expected, code])
        assert.deepEqual(await said(accept, body, status, true), asItComes)
      })
})
