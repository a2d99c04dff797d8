import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { systemClock } from '../../upstream/clock.ts'
import { CallFailure } from '../calls/failure.ts'
import { all, defineGateway, http, rest, soft } from '../composition.ts'
import { Engine } from '../engine/engine.ts'
import { UndiciTransport } from './undici.ts'
import type { BackendRequest } from './transport.ts'

/** A backend on a port of its own, and what reaches it. */
class Up implements AsyncDisposable {
  readonly transport = new UndiciTransport()
  readonly server: Server

  private constructor(server: Server) {
    this.server = server
  }

  static async listening(answer: RequestListener): Promise<Up> {
    const server = createServer(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Up(server)
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`)
  }

  request(more: Partial<BackendRequest> = {}): BackendRequest {
    return {
      backend: 'a',
      url: this.url,
      call: 'a GET /',
      method: 'GET',
      target: '/',
      headers: {},
      body: null,
      signal: new AbortController().signal,
      deadlineMs: Infinity,
      retry: null,
      repeatable: true,
      ...more,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await this.transport.close()
  }
}

const fails = (failure: string) => (error: unknown) => {
  assert.ok(error instanceof CallFailure, String(error))
  assert.equal(error.failure, failure)
  return true
}

suite('backends by undici', () => {
  test('method, target, fields and body go out, status, fields and body come back', async () => {
    await using up = await Up.listening((request, response) => {
      response.writeHead(207, {
        'X-Got': [request.method, request.url, request.headers['x-a']].join(' '),
        'Set-Cookie': ['a=1', 'b=2'],
      })
      request.pipe(response)
    })
    const answer = await up.transport.send(
      up.request({ method: 'POST', target: '/x?y=1', headers: { 'x-a': 'b' }, body: Buffer.from('hello') }),
    )
    assert.equal(answer.status, 207)
    assert.equal(answer.headers['x-got'], 'POST /x?y=1 b')
    assert.equal(answer.headers['set-cookie'], 'a=1, b=2')
    assert.equal(Buffer.from(await answer.body.bytes(100)).toString(), 'hello')
  })

  test('a body is read as it comes, and the backend waits for a slow reader', async () => {
    const block = Buffer.alloc(64 * 1024)
    let written = 0
    let blocked!: () => void
    const full = new Promise<void>(resolve => (blocked = resolve))
    await using up = await Up.listening((_, response) => {
      const more = () => {
        while (written < 64 * 1024 * 1024) {
          written += block.length
          if (response.write(block)) continue
          // The second time the sockets between are full, unless the reader takes it all.
          setTimeout(blocked, 50)
          response.once('drain', more)
          return
        }
        response.end()
      }
      more()
    })
    const answer = await up.transport.send(up.request())
    await full
    let quiet = -1
    while (quiet !== written) {
      quiet = written
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    assert.ok(written < 64 * 1024 * 1024, `${written} bytes were taken that nobody had read`)
    let length = 0
    for await (const chunk of answer.body) length += chunk.length
    assert.equal(length, 64 * 1024 * 1024)
  })

  test('a body that is too long is refused, and its connection ended', async () => {
    let closed!: () => void
    const gone = new Promise<void>(resolve => (closed = resolve))
    await using up = await Up.listening((_, response) => {
      response.on('close', closed)
      response.write('x'.repeat(1000))
    })
    const answer = await up.transport.send(up.request())
    await assert.rejects(answer.body.bytes(999), fails('http_response_body_size'))
    await gone
  })

  for (const [what, answering, failure] of [
    ['an end before an answer', (socket: { destroy(): void }) => socket.destroy(), 'connection_terminated'],
    [
      'what is no HTTP',
      (socket: { write(text: string): void }) => socket.write('SSH-2.0-x\r\n'),
      'http_protocol_error',
    ],
  ] as const)
    test(`${what} is ${failure}`, async () => {
      await using up = await Up.listening((request, response) => {
        response.on('error', () => undefined)
        answering(request.socket)
      })
      await assert.rejects(up.transport.send(up.request()), fails(failure))
    })

  test('an end in the middle of a body is http_response_incomplete', async () => {
    await using up = await Up.listening((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half', () => response.destroy())
    })
    const answer = await up.transport.send(up.request())
    await assert.rejects(answer.body.bytes(1000), fails('http_response_incomplete'))
  })

  test('nobody there is connection_refused, an unknown name dns_error', async () => {
    await using up = await Up.listening(() => undefined)
    const gone = up.request()
    up.server.close()
    await once(up.server, 'close')
    await assert.rejects(up.transport.send(gone), fails('connection_refused'))
    await assert.rejects(
      up.transport.send({ ...gone, url: new URL('http://no-such-host.invalid') }),
      fails('dns_error'),
    )
  })

  test('a field that cannot be one is sent to nobody, and is no fault of the backend', async () => {
    await using up = await Up.listening((_, response) => response.end())
    const sent = up.transport.send(up.request({ headers: { 'x-a': 'b\r\nx-c: d' } }))
    await assert.rejects(sent, error => error instanceof Error && !(error instanceof CallFailure))
  })

  test('who aborts before the answer is told why, and the backend sees the connection end', async () => {
    let asked!: () => void
    const reached = new Promise<void>(resolve => (asked = resolve))
    let closed!: () => void
    const gone = new Promise<void>(resolve => (closed = resolve))
    await using up = await Up.listening((_, response) => {
      response.on('close', closed)
      asked()
    })
    const controller = new AbortController()
    const sent = up.transport.send(up.request({ signal: controller.signal }))
    await reached
    controller.abort(new CallFailure('cancelled', 'a GET /'))
    await assert.rejects(sent, fails('cancelled'))
    await gone
    await assert.rejects(up.transport.send(up.request({ signal: controller.signal })), fails('cancelled'))
  })

  test('who aborts in the middle of a body is told there', async () => {
    await using up = await Up.listening((_, response) => void response.write('half'))
    const controller = new AbortController()
    const answer = await up.transport.send(up.request({ signal: controller.signal }))
    const read = answer.body.bytes(1000)
    controller.abort(new CallFailure('cancelled', 'a GET /'))
    await assert.rejects(read, fails('cancelled'))
  })
})

suite('a composition that stands by itself', () => {
  interface Users {
    '/users/{id}': {
      get: {
        parameters: { path: { id: string } }
        responses: { 200: { content: { 'application/json': { name: string } } } }
      }
    }
  }

  test('answers of real backends, one of them failing, become one', async () => {
    await using up = await Up.listening((request, response) => {
      if (request.url !== '/users/a%2Fb') return void response.writeHead(500).end('<h1>oops</h1>')
      response.setHeader('Content-Type', 'application/json; charset=utf-8')
      response.end(JSON.stringify({ name: 'Ada', password: 'x' }))
    })
    const url = up.url.href
    const gateway = defineGateway({
      backends: { users: rest<Users>({ url }), legacy: http({ url }) },
      routes: r => [
        r.get('/me/{id}', {
          out: T.Object({ name: T.String(), seen: T.Union([T.String(), T.Null()]), status: T.Integer() }),
          async run({ c, params }) {
            const user = c.users.get('/users/{id}', { path: params })
            const other = c.users.get('/users/{id}', { path: { id: 'other' } })
            const raw = c.legacy.get('/x')
            const x = await all({
              user,
              other: soft(
                other.then(o => o.name),
                null,
              ),
              raw,
            })
            return { name: x.user.name, seen: x.other, status: x.raw.status }
          },
        }),
      ],
    })
    const engine = new Engine(gateway, { transport: up.transport, clock: systemClock })
    const answer = await engine.answer({ method: 'GET', target: '/me/a%2Fb', headers: {}, body: null })
    assert.deepEqual(
      { ...answer, body: JSON.parse(answer.body as string) as unknown },
      {
        status: 200,
        headers: {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          'x-portcullis-partial': 'other',
        },
        body: { name: 'Ada', seen: null, status: 500 },
      },
    )
  })
})
