import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { CHUNKED } from '../../../src/http/head.ts'
import { compare } from './compare.ts'
import { readRequests } from './messages.ts'
import { cutRandomly, makeRequests, seeded } from './mutate.ts'
import { NodeHttp } from './nodehttp.ts'
import { limits } from '../../support/head-limits.ts'
import { cuts, latin1 } from './replay.ts'
import { requestAccepts, requestRejects } from './vectors.ts'

const judge = new NodeHttp()
after(() => judge.close())

describe('node:http agrees', () => {
  test('with every vector', async () => {
    for (const { bytes, head } of requestAccepts) {
      const body =
        head['length'] === -1
          ? '3;a=b\r\nxyz\r\n0\r\nX-T: u\r\n\r\n'
          : 'x'.repeat(Math.min(Number(head['length'] ?? 0), 5))
      const whole = latin1(bytes + body)
      assert.equal(await compare(whole, [...cuts(whole)].at(-1)!, limits, judge), '', JSON.stringify(bytes))
    }
    for (const { bytes } of requestRejects) {
      const whole = latin1(bytes)
      assert.equal(await compare(whole, [whole], limits, judge), '', JSON.stringify(bytes))
    }
  })

  test('with what a fuzzer makes of them', async () => {
    const before = judge.cases
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1 }), async seed => {
        const random = seeded(seed)
        const bytes = makeRequests(random)
        assert.equal(
          await compare(bytes, cutRandomly(random, bytes), limits, judge),
          '',
          JSON.stringify(bytes.toString('latin1')),
        )
      }),
      { numRuns: 5000 },
    )
    assert.ok(judge.cases - before > 500, 'too few cases were accepted to say anything')
  })

  const token = fc.stringMatching(/^[!#$%&'*+.^`|~0-9A-Za-z-]{1,12}$/)
  const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,30}$/)
  const path = fc.array(fc.stringMatching(/^([a-zA-Z0-9._~!$&'()*+,;=:@-]|%[2-9A-F][1-9A-Ba-b]){0,6}$/), {
    maxLength: 5,
  })
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY', 'HEAD'),
    path: path.map(segments => `/${segments.join('/')}`),
    query: fc.stringMatching(/^(\?[a-z0-9=&%[\]/?-]{0,10})?$/),
    fields: fc.array(fc.tuple(token, value), { maxLength: 8 }),
    body: fc.stringMatching(/^[\x00-\xff]{0,40}$/),
    chunks: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
    chunked: fc.boolean(),
  })

  test('with requests made by the grammar', async () => {
    const before = judge.cases
    await fc.assert(
      fc.asyncProperty(request, async made => {
        const whole = latin1(serialise(made))
        assert.equal(await compare(whole, [...cuts(whole)].at(-1)!, limits, judge), '')
      }),
      { numRuns: 1000 },
    )
    assert.ok(judge.cases - before > 500)
  })

  function serialise(made: {
    method: string
    path: string
    query: string
    fields: [string, string][]
    body: string
    chunks: number[]
    chunked: boolean
  }): string {
    const { method, body, chunked } = made
    const fields = made.fields.map(([name, text]) => `${name}: ${text}\r\n`).join('')
    const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
    return `${method} ${made.path}${made.query} HTTP/1.1\r\nHost: a.example\r\n${fields}${framing}\r\n\r\n${chunked ? chunk(body, made.chunks) : body}`
  }

  function chunk(body: string, sizes: readonly number[]): string {
    let text = ''
    let at = 0
    for (const size of sizes)
      if (at < body.length) {
        const piece = body.slice(at, (at += size))
        text += `${piece.length.toString(16)}\r\n${piece}\r\n`
      }
    const rest = body.slice(at)
    return `${text}${rest === '' ? '' : `${rest.length.toString(16).toUpperCase()};x="y"\r\n${rest}\r\n`}0\r\n\r\n`
  }
})

test('over real sockets, node:http reads the bytes that we read', async () => {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (data: Buffer) => (body += data.toString('latin1')))
    request.on('end', () =>
      response.end(JSON.stringify([request.method, request.url, request.rawHeaders, body])),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    for (const bytes of [
      'POST /a%2Fb?c HTTP/1.1\r\nHost: a\r\nX: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n3;a="\\""\r\nab\xff\r\n0\r\n\r\n',
      'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab\r\nc',
      '\r\nGET /?[] HTTP/1.1\r\nHost: a\r\n\r\n',
    ]) {
      const { messages } = readRequests([latin1(bytes)], limits)
      const { head, body } = messages[0]!
      const seen: unknown = JSON.parse(await exchange(bytes, server.address() as AddressInfo))
      // Connection: close is the exchange's own, and Host and framing are no end-to-end fields.
      const framing =
        head.length === CHUNKED
          ? ['Transfer-Encoding', 'chunked']
          : head.length > 0
            ? ['Content-Length', String(head.length)]
            : []
      const fields = ['Connection', 'close', 'Host', head.authority, ...head.fields.list, ...framing]
      assert.deepEqual(seen, [head.method, head.path + head.query, fields, body])
    }
  } finally {
    server.close()
  }
})

/** The body of the answer to bytes that are sent as they are. */
async function exchange(bytes: string, { port }: AddressInfo): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(latin1(bytes.replace('\r\nHost', '\r\nConnection: close\r\nHost')))
  let answer = ''
  for await (const data of socket) answer += String(data)
  const [, ...rest] = answer.split('\r\n\r\n')
  return rest.join('\r\n\r\n')
}
