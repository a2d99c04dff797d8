// The storefront with its real services: what its README and start.ts tell people to try, over sockets.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { WebSocket } from 'ws'
import { Stock } from '../../examples/storefront/.portcullis/stock/v1/stock_pb.ts'
import { EventStreamParser } from '../../src/composition/streams/event-stream.ts'
import { send } from '../support/client.ts'
import { Example, exampleFile } from '../support/example.ts'
import { Folder } from '../support/process.ts'
import { Seen } from '../support/until.ts'

interface Change {
  readonly price?: number
  readonly inStock?: number
}

const portcullis = fileURLToPath(new URL('../../bin/portcullis', import.meta.url))
const json = { 'content-type': 'application/json' }

/** What a stream has said so far. */
class Listener {
  readonly prices = new Seen<number>()
  readonly levels = new Seen<number>()
  private readonly request: ReturnType<typeof get>

  constructor(port: number, path: string) {
    const parser = new EventStreamParser(10_000)
    this.request = get({ port, path, headers: { accept: 'text/event-stream' }, agent: false }, response => {
      response.on('error', () => undefined)
      response.on('data', (chunk: Buffer) => {
        for (const { data } of parser.push(chunk)) this.take(JSON.parse(data) as Change)
      })
    })
    this.request.on('error', () => undefined)
  }

  private take({ price, inStock }: Change): void {
    if (price !== undefined) this.prices.push(price)
    if (inStock !== undefined) this.levels.push(inStock)
  }

  leave(): void {
    this.request.destroy()
  }
}

suite('the example of a storefront', () => {
  let example: Example

  before(async () => {
    example = await Example.start('storefront')
  })

  after(async () => {
    await example.stop()
  })

  const ask = async (path: string, more: object = {}) => {
    const { status, headers, body } = await send(example.gateway, { path, ...more })
    return { status, headers, body: JSON.parse(body) as unknown }
  }

  test('an app that is too old is told so by the filter in front', async () => {
    const { status, body } = await ask('/me/7/home', { headers: { 'user-agent': 'shop-app/2' } })
    assert.equal(status, 403)
    assert.partialDeepStrictEqual(body, { title: 'The app is too old', reason: 'app_outdated' })
  })

  test('one page of three services', async () => {
    const { status, headers, body } = await ask('/me/7/home')
    assert.deepEqual(
      body,
      {
        name: 'Ada',
        orders: [{ id: 'o-1', sku: 'mug', price: 9 }],
        offer: { title: 'Tea, first flush', inStock: 5 },
      },
      example.output,
    )
    assert.deepEqual([status, headers['x-portcullis-partial']], [200, undefined])
  })

  test('somebody who is not there is a problem', async () => {
    const { status, headers, body } = await ask('/me/9/home')
    assert.deepEqual([status, headers['content-type']], [404, 'application/problem+json'])
    assert.partialDeepStrictEqual(body, { title: 'No such customer' })
  })

  test('an order is one however often it is sent, and what the shop refuses is told', async () => {
    const order = (price: number) =>
      ask('/me/8/orders', {
        method: 'POST',
        headers: { ...json, 'idempotency-key': 'order-0001' },
        body: JSON.stringify({ sku: 'tea', price }),
      })
    const [first, again] = [await order(4), await order(4)]
    assert.deepEqual([first.status, again.status], [201, 201])
    assert.deepEqual(first.body, again.body)
    const page = (await ask('/me/8/home')).body as { orders: readonly unknown[] }
    assert.deepEqual(page.orders, [first.body])
    const dearer = await order(3)
    assert.equal(dearer.status, 409)
    assert.partialDeepStrictEqual(dearer.body, { title: 'The price has changed' })
  })

  test('prices and stock are one stream, longer than a call may take', async () => {
    const listener = new Listener(example.gateway, '/products/mug/live')
    await listener.levels.first(count => count === 2)
    // Four prices at half a second each: beyond the half second that a call of the stock may take.
    await listener.prices.count(4)
    const { body } = await ask('/v1/stock/mug:reserve', {
      method: 'POST',
      headers: json,
      body: '{"count":1}',
    })
    assert.deepEqual(body, { sku: 'mug', count: 1 })
    await listener.levels.first(count => count === 1)
    listener.leave()
  })

  test('the same stream by WebSocket', async () => {
    const changes = new Seen<Change>()
    const socket = new WebSocket(`ws://127.0.0.1:${example.gateway}/products/tea/live`)
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => changes.push(JSON.parse(data.toString()) as Change))
    await changes.first(one => one.inStock === 5)
    await changes.first(one => one.price !== undefined)
    socket.terminate()
  })

  test('the stock by REST and by Connect', async () => {
    assert.deepEqual((await ask('/v1/stock/tea')).body, { sku: 'tea', count: 5 })
    const { status, body } = await ask('/v1/stock/coal')
    assert.equal(status, 404)
    assert.deepEqual(body, { code: 5, message: 'no coal here', details: [] })
    const baseUrl = `http://127.0.0.1:${example.gateway}`
    const stock = createClient(Stock, createConnectTransport({ baseUrl, httpVersion: '1.1' }))
    assert.equal((await stock.getLevel({ sku: 'tea' })).count, 5)
  })

  test('pictures as they are', async () => {
    const { status, headers, body } = await send(example.gateway, { path: '/pictures/tea.svg' })
    assert.deepEqual([status, headers['content-type']], [200, 'image/svg+xml'])
    assert.match(body, /<text y="20">tea<\/text>/)
  })
})

/** Names and texts of what is made of contracts, but for what is of this machine. */
const madeIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .sort()
    .map(name => [name, readFileSync(join(folder, name), 'utf8')])

test('what the storefront keeps of its contracts is what gen makes of them', () => {
  using folder = new Folder({})
  cpSync(exampleFile('storefront/contracts'), join(folder.path, 'contracts'), { recursive: true })
  const { status, stderr } = spawnSync(portcullis, ['composition', 'gen'], { cwd: folder.path })
  assert.equal(status, 0, stderr.toString())
  assert.deepEqual(madeIn(exampleFile('storefront/.portcullis')), madeIn(join(folder.path, '.portcullis')))
})

test("its own test passes, by the program's own runner", () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(portcullis, ['composition', 'test'], {
    cwd: exampleFile('storefront'),
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
  })
  assert.equal(status, 0, stdout + stderr)
  assert.match(stdout, /^types: ok$/m)
  assert.match(stdout, /^ℹ pass 8$/m)
})
