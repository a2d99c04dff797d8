import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import { Metadata, status as codes } from '@grpc/grpc-js'
import type { Backends } from '../../src/composition/backends/backend.ts'
import { grpc } from '../../src/composition/backends/grpc.ts'
import { defineGateway } from '../../src/composition/routes/gateway.ts'
import type { TranscodeOptions } from '../../src/composition/routes/transcode.ts'
import { rpcTypes } from '../../src/composition/grpc/details.ts'
import { Engine } from '../../src/composition/engine/engine.ts'
import { systemClock } from '../../src/upstream/clock.ts'
import { H2Transport } from '../support/h2-transport.ts'
import { EngineServer } from '../support/engine-server.ts'
import { library } from '../support/library.ts'
import { LibraryServer, type LibraryHandlers } from '../support/library-server.ts'

type Options = Omit<Partial<TranscodeOptions<Backends>>, 'calls'>

const backendAt = (url: string) =>
  grpc(library.getService('library.Library')!, {
    url,
    relay: ['authorization'],
    metadata: { 'x-tenant': 'house' },
  })

/** A backend of @grpc/grpc-js, and a composition before it that is asked over HTTP/1.1. */
class Setup implements AsyncDisposable {
  readonly server: EngineServer
  private readonly backend: LibraryServer

  private constructor(server: EngineServer, backend: LibraryServer) {
    this.server = server
    this.backend = backend
  }

  static async start(handlers: LibraryHandlers, options: Options = {}): Promise<Setup> {
    const backend = await LibraryServer.start(handlers)
    const gateway = defineGateway({
      backends: { library: backendAt(backend.url) },
      routes: r => [r.transcode('library', { descriptors: library, ...options })],
    })
    return new Setup(await EngineServer.start(gateway), backend)
  }

  async ask(request: string, init: RequestInit = {}): Promise<Response> {
    const [method = '', path = ''] = request.split(' ')
    return await fetch(this.server.http1 + path, { method, ...init })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    await this.backend[Symbol.asyncDispose]()
  }
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})

/** An error with details, as servers send it. */
function detailed(
  code: number,
  message: string,
  type = 'google.rpc.BadRequest',
  value: Record<string, unknown> = { fieldViolations: [{ field: 'name', description: 'no such shelf' }] },
): { code: number; details: string; metadata: Metadata } {
  const detail = rpcTypes().getMessage(type)!
  const any = anyPack(detail, create(detail, value))
  const schema = rpcTypes().getMessage('google.rpc.Status')!
  const status = create(schema, { code, message, details: [any] } as Record<string, unknown>)
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(toBinary(schema, status)))
  metadata.set('x-reason', 'shelf')
  return { code, details: message, metadata }
}

suite('one message and one answer', () => {
  test('a path and a query make a message, and the answer is JSON', async () => {
    await using setup = await Setup.start({
      GetBook: (call, done) =>
        done(null, { name: call.request['name']!, isbn: call.request['revision'] ?? '0', genre: 'NOVEL' }),
    })
    const answer = await setup.ask('GET /v1/shelves/1/books/2?revision=9007199254740993')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.deepEqual(await answer.json(), {
      name: 'shelves/1/books/2',
      isbn: '9007199254740993',
      genre: 'NOVEL',
    })
  })

  test('a body, a field of the answer, and what has no content', async () => {
    await using setup = await Setup.start({
      CreateBook: (call, done) => done(null, call.request['book'] as Record<string, never>),
      TagBook: (call, done) => done(null, { name: 'x', tags: call.request['tags'] ?? [] }),
      DeleteBook: (_, done) => done(null, {}),
    })
    const created = await setup.ask('POST /v1/shelves/1/books', json({ title: 'Emma', labels: { a: 'b' } }))
    assert.deepEqual(await created.json(), { title: 'Emma', labels: { a: 'b' } })
    const tagged = await setup.ask('PUT /v1/shelves/1/books/2/tags', json(['a', 'b']))
    assert.deepEqual(await tagged.json(), ['a', 'b'])
    const untagged = await setup.ask('PUT /v1/shelves/1/books/2/tags', json([]))
    assert.deepEqual(await untagged.json(), [])
    const deleted = await setup.ask('DELETE /v1/shelves/1/books/2')
    assert.deepEqual([deleted.status, await deleted.json()], [200, {}])
  })

  test('JSON as it is set', async () => {
    await using setup = await Setup.start(
      { GetBook: (_, done) => done(null, { genre: 'POEM', author: { givenName: 'Ada' } }) },
      { json: { emitDefaults: true, enumsAsIntegers: true, protoNames: true } },
    )
    const answer = await setup.ask('GET /v1/books/x')
    assert.deepEqual(await answer.json(), {
      name: '',
      title: '',
      genre: 2,
      tags: [],
      pages: 0,
      isbn: '0',
      author: { given_name: 'Ada', family_name: '', born: 0 },
      labels: {},
    })
  })

  test('bytes of any type, both ways', async () => {
    let seen: unknown
    await using setup = await Setup.start({
      GetCover: (_, done) =>
        done(null, { contentType: 'image/png', data: Buffer.from('\x89PNG').toString('base64') }),
      PutCover: (call, done) => {
        seen = call.request
        done(null, {})
      },
    })
    const answer = await setup.ask('GET /v1/shelves/1/books/2/cover')
    assert.equal(answer.headers.get('content-type'), 'image/png')
    assert.equal(Buffer.from(await answer.arrayBuffer()).toString(), '\x89PNG')
    await setup.ask('PUT /v1/shelves/1/books/2/cover', {
      body: 'GIF',
      headers: { 'content-type': 'image/gif' },
    })
    assert.deepEqual(seen, { name: 'shelves/1/books/2', cover: { contentType: 'image/gif', data: 'R0lG' } })
  })

  test('metadata: what is relayed, and what comes back', async () => {
    let seen: Metadata | undefined
    await using setup = await Setup.start({
      GetBook(call, done) {
        seen = call.metadata
        const head = new Metadata()
        head.set('x-served-by', 'shelf')
        call.sendMetadata(head)
        const behind = new Metadata()
        behind.set('x-cost', '3')
        done(null, {}, behind)
      },
    })
    const answer = await setup.ask('GET /v1/books/x', {
      headers: { authorization: 'Bearer t', cookie: 'a=b', 'x-custom': 'c', 'grpc-timeout': '5S' },
    })
    assert.deepEqual(seen?.get('authorization'), ['Bearer t'])
    assert.deepEqual([seen?.get('cookie'), seen?.get('x-custom')], [[], []])
    assert.equal(answer.headers.get('x-served-by'), 'shelf')
    assert.equal(answer.headers.get('x-cost'), '3')
  })

  test('all metadata, where that is said', async () => {
    let seen: Metadata | undefined
    await using setup = await Setup.start(
      {
        GetBook(call, done) {
          seen = call.metadata
          done(null, {})
        },
      },
      { requestMetadata: 'all', answerMetadata: [] },
    )
    await setup.ask('GET /v1/books/x', {
      headers: { 'x-custom': 'c', 'x-some-bin': 'AAE=', 'x-tenant': 'evil' },
    })
    assert.deepEqual(seen?.get('x-custom'), ['c'])
    assert.deepEqual(seen?.get('x-some-bin'), [Buffer.from([0, 1])])
    assert.deepEqual(seen?.get('accept-language'), [])
    assert.deepEqual(seen?.get('x-tenant'), ['house'], 'which is what the composition says itself')
  })
})

suite('errors', () => {
  for (const [code, http] of [
    [codes.RESOURCE_EXHAUSTED, 429],
    [codes.UNAVAILABLE, 503],
  ] as const)
    test(`say when to come again: ${http}`, async () => {
      const retry = { retryDelay: { seconds: 2n, nanos: 500_000_000 } }
      await using setup = await Setup.start({
        GetBook: (_, done) => done(detailed(code, 'later', 'google.rpc.RetryInfo', retry)),
      })
      const answer = await setup.ask('GET /v1/books/2')
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [http, '3'])
      const { details } = (await answer.json()) as { details: readonly unknown[] }
      assert.deepEqual(details, [
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2.500s' },
      ])
    })

  test('have the status of HTTP that stands for theirs, and details', async () => {
    await using setup = await Setup.start({
      GetBook: (_, done) => done(detailed(codes.NOT_FOUND, 'keine Bücher')),
    })
    const answer = await setup.ask('GET /v1/books/x')
    assert.equal(answer.status, 404)
    assert.equal(answer.headers.get('x-reason'), 'shelf')
    assert.deepEqual(await answer.json(), {
      code: 5,
      message: 'keine Bücher',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: 'name', description: 'no such shelf' }],
        },
      ],
    })
  })

  for (const [code, expected] of [
    [1, 499],
    [2, 500],
    [3, 400],
    [4, 504],
    [5, 404],
    [6, 409],
    [7, 403],
    [8, 429],
    [9, 400],
    [10, 409],
    [11, 400],
    [12, 501],
    [13, 500],
    [14, 503],
    [15, 500],
    [16, 401],
  ] as const)
    test(`code ${code} is ${expected}`, async () => {
      await using setup = await Setup.start({ GetBook: (_, done) => done({ code, details: 'x' }) })
      assert.equal((await setup.ask('GET /v1/books/x')).status, expected)
    })

  test('of a request say which parameters are wrong, and nobody is called', async () => {
    let calls = 0
    await using setup = await Setup.start({
      GetBook(_, done) {
        calls++
        done(null, {})
      },
    })
    const answer = await setup.ask('GET /v1/books/x?colour=red&revision=much')
    assert.equal(answer.status, 400)
    const { code, details } = (await answer.json()) as { code: number; details: readonly object[] }
    assert.equal(code, 3)
    assert.deepEqual(details, [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [
          { field: 'colour', description: 'library.GetBookRequest has no field "colour"' },
          { field: 'revision', description: 'expected a whole number of 64 bits' },
        ],
      },
    ])
    assert.equal(calls, 0)
  })

  for (const [request, init, status, header] of [
    ['POST /v1/books/x', {}, 405, ['allow', 'GET, HEAD']],
    ['GET /v1/nowhere', {}, 404, null],
    ['GET /v1/books/%zz', {}, 400, null],
    [
      'POST /v1/shelves/1/books',
      { body: 'x', headers: { 'content-type': 'text/plain' } },
      415,
      ['accept', 'application/json'],
    ],
    ['POST /v1/shelves/1/books', json({ title: 'x'.repeat(2 ** 20) }), 413, null],
    ['DELETE /v1/shelves/1/books/2', json({}), 400, null],
    ['POST /library.Library/Nothing', {}, 404, null],
  ] as const)
    test(`${request} is ${status}`, async () => {
      await using setup = await Setup.start({})
      const answer = await setup.ask(request, init)
      assert.equal(answer.status, status)
      if (header !== null) assert.equal(answer.headers.get(header[0]), header[1])
      await answer.body?.cancel()
    })

  // Clients of Connect and gRPC take the status of HTTP where the media type is none of their own.
  for (const [request, init, status, name, value] of [
    ['GET /library.Library/GetBook', {}, 405, 'allow', 'GET, POST'],
    ['GET /library.Library/CreateBook', {}, 405, 'allow', 'POST'],
    [
      'DELETE /library.Library/CreateBook',
      { headers: { 'content-type': 'application/grpc' } },
      405,
      'allow',
      'POST',
    ],
    [
      'POST /library.Library/GetBook',
      { body: 'x' },
      415,
      'accept-post',
      'application/json, application/proto, application/grpc-web, application/grpc',
    ],
  ] as const)
    test(`${request} is ${status}, a problem`, async () => {
      await using setup = await Setup.start({})
      const answer = await setup.ask(request, init)
      assert.deepEqual(
        [answer.status, answer.headers.get('content-type'), answer.headers.get(name)],
        [status, 'application/problem+json', value],
      )
      assert.equal(((await answer.json()) as { status: number }).status, status)
    })

  test('a backend that is not there is 503, and its deadline 504', async () => {
    const gateway = defineGateway({
      backends: { library: backendAt('http://127.0.0.1:1') },
      routes: r => [r.transcode('library', { descriptors: library })],
    })
    await using server = await EngineServer.start(gateway)
    const answer = await fetch(`${server.http1}/v1/books/x`)
    assert.deepEqual([answer.status, ((await answer.json()) as { code: number }).code], [503, 14])
    await using setup = await Setup.start({ GetBook: () => undefined })
    const late = await setup.ask('GET /v1/books/x', { headers: { 'grpc-timeout': '50m' } })
    assert.deepEqual([late.status, ((await late.json()) as { code: number }).code], [504, 4])
  })

  test('the path of a method is no path of a rule for another', async () => {
    const called: string[] = []
    const rule = { selector: 'library.Library.CreateBook', post: '/{parent}/{book_id}', body: 'book' }
    await using setup = await Setup.start(
      {
        CreateBook: ({ request }, done) => {
          called.push(`CreateBook ${JSON.stringify(request['parent'])}`)
          done(null, {})
        },
        DeleteBook: (_, done) => {
          called.push('DeleteBook')
          done(null, {})
        },
      },
      { config: { http: { rules: [rule] } } },
    )
    for (const [path, init, expected] of [
      ['/library.Library/DeleteBook', json({}), 200],
      ['/library.Library/DeleteBook', {}, 415],
      ['/poems/emma', {}, 200],
    ] as const)
      assert.equal((await setup.ask(`POST ${path}`, init)).status, expected)
    assert.deepEqual(called, ['DeleteBook', 'CreateBook "poems"'])
  })

  test('a mistake of ours is told to nobody but who watches', async () => {
    await using setup = await Setup.start(
      { GetBook: (_, done) => done(null, {}) },
      {
        before: [
          () => {
            throw new Error('secret')
          },
        ],
      },
    )
    const answer = await setup.ask('GET /v1/books/x')
    assert.equal(answer.status, 500)
    assert.equal((await answer.text()).includes('secret'), false)
    assert.equal(setup.server.mistakes.length, 1)
  })
})

suite('streams of a backend', () => {
  const books: LibraryHandlers = {
    WatchBooks(call) {
      for (const title of ['a\nb', 'c']) call.write({ title })
      if (call.request['exact'] === true) call.emit('error', detailed(codes.DATA_LOSS, 'lost'))
      else call.end()
    },
  }
  const error =
    '{"code":15,"message":"lost","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"name","description":"no such shelf"}]}]}'
  for (const [accept, type, whole, broken] of [
    [
      '*/*',
      'application/json',
      '[{"title":"a\\nb"},\n{"title":"c"}]',
      `[{"title":"a\\nb"},\n{"title":"c"},\n{"error":${error}}]`,
    ],
    [
      'application/x-ndjson',
      'application/x-ndjson',
      '{"title":"a\\nb"}\n{"title":"c"}\n',
      `{"title":"a\\nb"}\n{"title":"c"}\n{"error":${error}}\n`,
    ],
    [
      'application/json;q=0.5, text/event-stream',
      'text/event-stream',
      'data: {"title":"a\\nb"}\n\ndata: {"title":"c"}\n\nevent: end\ndata: {}\n\n',
      `data: {"title":"a\\nb"}\n\ndata: {"title":"c"}\n\nevent: error\ndata: ${error}\n\n`,
    ],
  ] as const)
    test(`as ${type}, whole and broken off`, async () => {
      await using setup = await Setup.start(books)
      const one = await setup.ask('GET /v1/shelves/1/books:watch', { headers: { accept } })
      assert.equal(one.headers.get('content-type'), type)
      assert.equal(await one.text(), whole)
      const other = await setup.ask('GET /v1/shelves/1/books:watch?exact=true', { headers: { accept } })
      assert.equal(other.status, 200)
      assert.equal(await other.text(), broken)
    })

  test('none at all, and an error before the first', async () => {
    await using setup = await Setup.start({
      WatchBooks(call) {
        if (call.request['exact'] === true)
          call.emit('error', { code: codes.PERMISSION_DENIED, details: 'no' })
        else call.end()
      },
    })
    assert.equal(await (await setup.ask('GET /v1/shelves/1/books:watch')).text(), '[]')
    const refused = await setup.ask('GET /v1/shelves/1/books:watch?exact=true', {
      headers: { accept: 'text/event-stream' },
    })
    assert.equal(refused.status, 403)
    assert.equal(refused.headers.get('content-type'), 'application/json')
  })

  test('bytes one after another', async () => {
    await using setup = await Setup.start({
      Download(call) {
        call.write({ contentType: 'text/plain', data: Buffer.from('ab').toString('base64') })
        call.write({ data: Buffer.from('cd').toString('base64') })
        call.end()
      },
    })
    const answer = await setup.ask('GET /v1/shelves/1/books/2:download')
    assert.equal(answer.headers.get('content-type'), 'text/plain')
    assert.equal(await answer.text(), 'abcd')
  })

  test('a client that goes ends the call', async () => {
    const cancelled = Promise.withResolvers<void>()
    await using setup = await Setup.start({
      WatchBooks(call) {
        call.write({ title: 'a' })
        call.on('cancelled', () => cancelled.resolve())
      },
    })
    const answer = await setup.ask('GET /v1/shelves/1/books:watch')
    const reader = answer.body!.getReader()
    await reader.read()
    await reader.cancel()
    await cancelled.promise
  })

  test('a head alone ends the call', async () => {
    const cancelled = Promise.withResolvers<void>()
    await using backend = await LibraryServer.start({
      WatchBooks(call) {
        call.sendMetadata(new Metadata())
        call.on('cancelled', () => cancelled.resolve())
      },
    })
    await using transport = new H2Transport()
    const gateway = defineGateway({
      backends: { library: backendAt(backend.url) },
      routes: r => [r.transcode('library', { descriptors: library })],
    })
    const engine = new Engine(gateway, { transport, clock: systemClock })
    const target = '/v1/shelves/1/books:watch'
    const { status, body } = await engine.answer({ method: 'HEAD', target, headers: {}, body: null })
    assert.deepEqual([status, body], [200, ''])
    await cancelled.promise
  })
})

suite('streams of a client', () => {
  const counting: LibraryHandlers = {
    ImportBooks(call, done) {
      const books: { title: string }[] = []
      call.on('data', ({ parent = '-', book }: { parent?: string; book: { title: string } }) =>
        books.push({ title: `${parent} ${book.title}` }),
      )
      call.on('end', () => done(null, { books }))
    },
  }
  for (const [type, body] of [
    ['application/x-ndjson', '{"book":{"title":"a"}}\n\n{"book":{"title":"b"}}'],
    ['application/json', '[{"book":{"title":"a"}},{"book":{"title":"b"}}]'],
  ] as const)
    test(`as ${type}`, async () => {
      await using setup = await Setup.start(counting)
      const answer = await setup.ask('POST /v1/shelves/1/books:import', {
        body,
        headers: { 'content-type': type },
      })
      assert.deepEqual(await answer.json(), { books: [{ title: 'shelves/1 a' }, { title: '- b' }] })
    })

  test('a message that is wrong is 400', async () => {
    await using setup = await Setup.start(counting)
    const answer = await setup.ask('POST /v1/shelves/1/books:import', {
      body: '{"book":{"title":"a"}}\n{"book":1}',
      headers: { 'content-type': 'application/x-ndjson' },
    })
    assert.equal(answer.status, 400)
    await answer.body?.cancel()
  })
})
