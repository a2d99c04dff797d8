// What a composition passes on as it comes: longer than its backend's time, and with all that is said of it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { composedYaml } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { TestUpstream } from '../support/upstream.ts'

const TIMEOUT_MS = 1_000
const ITEMS = 8

const relays = `
import { Type as T } from 'typebox'
import { defineGateway, http, relay, websocket } from 'portcullis/composition'
const timeoutMs = ${TIMEOUT_MS}
export const gateway = defineGateway({
  backends: {
    a: http({ url: 'http://a', timeoutMs }),
    kept: http({ url: 'http://a', timeoutMs, cache: {}, deadlineHeader: 'x-left' }),
    few: http({ url: 'http://a', bulkhead: { maxParallel: 4, maxPending: 0 } }),
    ticks: websocket({ url: 'ws://a', timeoutMs }),
  },
  routes: r => [
    r.stream('/events', { out: T.String(), run: ({ c }) => c.a.events('/events') }),
    r.stream('/made', { out: T.String(), timeoutMs, async *run({ c }) { for await (const { data } of c.a.events('/events')) yield data } }),
    r.websocket('/ticks', { async run({ socket, c }) { await relay(socket, await c.ticks.connect('/ticks')) } }),
    r.get('/kept', { out: T.String(), async run({ c }) { return (await c.kept.get('/kept')).text() } }),
    r.get('/few', { out: T.String(), async run({ c }) { return (await c.few.get('/held')).text() } }),
    r.proxy('/p/{rest=**}', 'a', { rewrite: '/{rest=**}' }),
  ],
})
`

let asked = 0
const held: ServerResponse[] = []

const backend: RequestListener = (asking, response) => {
  switch (asking.url) {
    case '/events': {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      let item = 0
      const timer = setInterval(
        () => {
          response.write(`data: ${item++}\n\n`)
          if (item < ITEMS) return
          clearInterval(timer)
          response.end()
        },
        (2 * TIMEOUT_MS) / ITEMS,
      )
      return
    }
    case '/sized':
      return void response.writeHead(200, { 'content-length': 5 }).end('hello')
    case '/nothing':
      return void response.writeHead(204).end()
    case '/same':
      return void response.writeHead(304, { etag: '"a"', 'content-length': 5 }).end()
    case '/trailers':
      response.writeHead(200, { trailer: 'x-sum', 'x-te': asking.headers['te'] ?? 'none' })
      response.write('hello')
      response.addTrailers({ 'x-sum': '5' })
      return void response.end()
    case '/echo':
      return void asking.toArray().then(all => response.end(Buffer.concat(all as Buffer[])))
    case '/held':
      return void held.push(response)
    case '/kept':
      return void response.writeHead(200, { 'cache-control': 'max-age=60' }).end(String(++asked))
    default:
    // What asks for anything else waits for ever.
  }
}

suite('what a composition passes on', () => {
  let up: TestUpstream
  let folder: Folder
  let run: RunProcess
  let url: string
  before(async () => {
    up = await TestUpstream.start(backend)
    const sockets = new WebSocketServer({ server: up.server })
    sockets.on('connection', socket => {
      let item = 0
      const timer = setInterval(() => socket.send(String(item++)), (2 * TIMEOUT_MS) / ITEMS)
      socket.on('close', () => clearInterval(timer))
    })
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    folder = new Folder({
      'gw.yaml': composedYaml({
        port,
        paths: { '/': 'relays' },
        specs: { relays: '{ bundle: ./relays.gateway.ts }' },
        backends: { a: up.port },
      }),
      'relays.gateway.ts': relays,
    })
    run = await RunProcess.start([folder.path], '--workers', '3')
    await run.started()
    await run.event('composition.serving')
  })
  after(async () => {
    await run[Symbol.asyncDispose]()
    await up[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  for (const path of ['/events', '/made', '/p/events'])
    test(`${path} goes on when its backend's time is over`, async () => {
      const text = await (await fetch(`${url}${path}`)).text()
      assert.equal(text.match(/^data:/gm)?.length, ITEMS, text)
    })

  for (const path of ['/ticks', '/p/ticks'])
    test(`the WebSocket ${path} goes on when its backend's time is over`, async () => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`)
      let items = 0
      socket.on('message', () => items++)
      await once(socket, 'open')
      while (items < ITEMS) await once(socket, 'message')
      socket.close()
      await once(socket, 'close')
    })

  test('an answer that does not begin is late, and a request that takes its time is not', async () => {
    const startedMs = performance.now()
    const late = await fetch(`${url}/p/late`)
    assert.equal(late.status, 504)
    assert.match(await late.text(), /late|time/i)
    assert.ok(performance.now() - startedMs >= TIMEOUT_MS - 50)
    const asking = request(`${url}/p/echo`, { method: 'POST' })
    const answered = once(asking, 'response')
    asking.write('a')
    for (let i = 0; i < 3; i++) {
      await new Promise(resolve => setTimeout(resolve, TIMEOUT_MS / 2))
      asking.write('a')
    }
    asking.end()
    const [answer] = (await answered) as [IncomingMessage]
    assert.equal((await answer.toArray()).join(''), 'aaaa')
  })

  for (const [method, path, status, length, body] of [
    ['GET', '/p/sized', 200, '5', 'hello'],
    ['HEAD', '/p/sized', 200, '5', ''],
    ['GET', '/p/nothing', 204, undefined, ''],
    ['GET', '/p/same', 304, '5', ''],
  ] as const)
    test(`${method} ${path} is ${status} with the length ${length ?? 'of nobody'}`, async () => {
      const asking = request(`${url}${path}`, { method, agent: false }).end()
      const [answer] = (await once(asking, 'response')) as [IncomingMessage]
      assert.equal(answer.statusCode, status)
      assert.equal(answer.headers['content-length'], length)
      assert.equal((await answer.toArray()).join(''), body)
    })

  test('trailers pass, and that they are wanted', async () => {
    const asking = get(`${url}/p/trailers`, { headers: { te: 'trailers', connection: 'te' }, agent: false })
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    assert.equal((await answer.toArray()).join(''), 'hello')
    assert.equal(answer.headers['x-te'], 'trailers')
    assert.deepEqual({ ...answer.trailers }, { 'x-sum': '5' })
  })

  test('what is kept is found again, however much time is left', async () => {
    const answers = new Set<unknown>()
    for (let i = 0; i < 5; i++) answers.add(await (await fetch(`${url}/kept`)).json())
    assert.equal(answers.size, 1)
    assert.equal(asked, 1)
  })

  test('what is allowed at once is shared among threads, of which there is one, and not among workers', async () => {
    const few = Array.from({ length: 4 }, () => fetch(`${url}/few`))
    while (held.length < 4) await new Promise(resolve => setImmediate(resolve))
    const fifth = await fetch(`${url}/few`)
    assert.equal(fifth.status, 503)
    for (const response of held) response.end('ok')
    for (const one of few) assert.equal((await one).status, 200)
  })
})
