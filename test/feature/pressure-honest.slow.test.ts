import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { suite, test } from 'node:test'
import { Attackers } from '../support/attackers.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { grpcBackend, grpcRoute } from '../support/grpc-gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import {
  backend as backendOf,
  gateway as gatewayOf,
  httpRoute,
  prefix,
  to,
  yamlOf,
} from '../support/resources.ts'
import { Tunnel } from '../support/tunnel.ts'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer, type WireResponse } from '../support/wire-server.ts'
import { portFor, startBetween } from '../support/wires.ts'

const large = Buffer.alloc(16 * 1024 * 1024, 'x')
const settings = { connections: { max: 8 }, pressure: { patience: '300ms' } }
const unread = { method: 'GET', path: '/large' } as const

/** Ends of exchanges whose clients were too slow. */
const ends = ({ lines }: TestGateway): number =>
  lines.filter(line => /_too_slow|_not_taken/.test(String(line['portcullis.failure']))).length

/** Resolves when so many more have been ended, one sweep after another: whoever were to be ended would have been. */
async function endured(gateway: TestGateway, more = 16): Promise<void> {
  const enough = ends(gateway) + more
  await gateway.line(() => ends(gateway) >= enough)
}

/** Answers held back are in `held`, by path; `/large` is what nobody reads; `/steady` comes by and by. */
class Backend {
  readonly held = new Seen<{ path: string; response: WireResponse; read: () => void }>()

  start(): Promise<WireServer> {
    return WireServer.start('h1', (request, response) => {
      const { url: path = '' } = request
      const read = (): void => void request.resume().on('end', () => response.end('ok'))
      if (path === '/events') response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      if (path.startsWith('/held')) this.held.push({ path, response, read })
      else if (path === '/large' || path === '/events') response.end(large)
      else read()
    })
  }
}

suite('not ended for others', { concurrency: 4 }, () => {
  for (const wire of ['h1', 'h2c', 'https', 'h2'] as const) {
    test(`a client whose upload its backend does not read (${wire})`, async () => {
      const own = new Backend()
      await using server = await own.start()
      await using gateway = await startBetween('h1', server.port, { backend: settings })
      const port = portFor(wire, gateway)
      await using honest = wireClient(wire, port)
      const call = honest.ask({ method: 'POST', path: '/held', body: large })
      const { read } = await own.held.first()
      await using attackers = await Attackers.start(wire, port, 12, unread)
      await endured(gateway)
      assert.ok(attackers.begun > 12)
      read()
      assert.equal((await call.whole()).body.toString(), 'ok')
    })

    test(`a client whose backend is silent (${wire})`, async () => {
      const own = new Backend()
      await using server = await own.start()
      await using gateway = await startBetween('h1', server.port, { backend: settings })
      const port = portFor(wire, gateway)
      await using honest = wireClient(wire, port)
      const call = honest.ask({ path: '/held' })
      const { response } = await own.held.first()
      response.write('begun')
      await call.head
      await using attackers = await Attackers.start(wire, port, 12, unread)
      await endured(gateway)
      response.end(' and over')
      assert.equal((await call.whole()).body.toString(), 'begun and over')
      assert.ok(attackers.begun > 12)
    })

    test(`a client that sends what it is to send in a second (${wire})`, async () => {
      const own = new Backend()
      await using server = await own.start()
      await using gateway = await startBetween('h1', server.port, { backend: settings })
      const port = portFor(wire, gateway)
      await using honest = wireClient(wire, port)
      const call = honest.ask({ method: 'POST', path: '/held' })
      call.request.write(Buffer.alloc(10_000))
      const { read } = await own.held.first()
      read()
      const timer = setInterval(() => call.request.write(Buffer.alloc(100)), 50)
      await using attackers = await Attackers.start(wire, port, 12, unread)
      await endured(gateway)
      clearInterval(timer)
      call.request.end()
      assert.equal((await call.whole()).body.toString(), 'ok')
      assert.ok(attackers.begun > 12)
    })
  }

  test('a slow upload to a cluster where nobody waits', async () => {
    const own = new Backend()
    await using server = await own.start()
    await using other = await own.start()
    const yaml = yamlOf(
      gatewayOf(),
      httpRoute('r', {
        rules: [{ matches: [prefix('/quiet')], backendRefs: [to('quiet')] }, { backendRefs: [to('up')] }],
      }),
      backendOf('up', [server.port]),
      backendOf('quiet', [other.port]),
      backendPolicy(settings),
    )
    await using gateway = await startGateway(yaml)
    await using honest = await RawClient.to(gateway.port())
    honest.write('POST /quiet HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx')
    await using attackers = await Attackers.start('h1', gateway.port(), 12, unread)
    await endured(gateway)
    honest.write('y')
    await honest.until(/^HTTP\/1\.1 200 [^]*ok$/)
    assert.ok(attackers.begun > 12)
  })

  test('an event stream that its backend has begun, whatever its client does', async () => {
    const own = new Backend()
    await using server = await own.start()
    await using gateway = await startBetween('h1', server.port, { backend: settings })
    await using honest = await RawClient.to(gateway.port(80))
    honest.socket.pause()
    honest.write('GET /events HTTP/1.1\r\nHost: a\r\n\r\n')
    await using attackers = await Attackers.start('h1', gateway.port(80), 12, unread)
    await endured(gateway)
    assert.ok(attackers.begun > 12)
    let bytes = 0
    honest.socket.removeAllListeners('data').on('data', (chunk: Buffer) => (bytes += chunk.length))
    honest.socket.resume()
    while (bytes < large.length) await once(honest.socket, 'data')
  })

  test('a call of a GRPCRoute in which nobody says anything, and whose backend speaks HTTP/2', async () => {
    const held = new Seen<WireResponse>()
    await using server = await WireServer.start(
      'h2c',
      (request, response) => {
        if (request.url === '/large') return void response.end(large)
        response.writeHead(200, { 'Content-Type': 'application/grpc' })
        response.write('begun')
        request.resume().on('end', () => response.end(' and over'))
        held.push(response)
      },
      { maxConcurrentStreams: 8 },
    )
    const yaml = yamlOf(
      gatewayOf([
        { name: 'web', hostname: 'a.example' },
        { name: 'grpc', hostname: 'grpc.example' },
      ]),
      httpRoute('web', {
        parentRefs: [{ name: 'gw', sectionName: 'web' }],
        rules: [{ backendRefs: [to('up')] }],
      }),
      grpcRoute('grpc', {
        parentRefs: [{ name: 'gw', sectionName: 'grpc' }],
        rules: [{ backendRefs: [to('up')] }],
      }),
      grpcBackend('up', [server.port]),
      backendPolicy({ ...settings, connections: { max: 1 } }),
    )
    await using gateway = await startGateway(yaml)
    await using honest = wireClient('h2c', gateway.port())
    const call = honest.ask({
      method: 'POST',
      path: '/s/m',
      headers: { ':authority': 'grpc.example', 'content-type': 'application/grpc', te: 'trailers' },
    })
    call.request.write('x')
    await held.first()
    await using attackers = await Attackers.start('h2c', gateway.port(), 12, unread)
    await endured(gateway)
    assert.ok(attackers.begun > 12)
    call.request.end()
    assert.equal((await call.whole()).body.toString(), 'begun and over')
  })

  test('a tunnel in which nobody says anything', async () => {
    await using tunnel = await Tunnel.open('h1', 'h1', { backend: { ...settings, connections: { max: 8 } } })
    const { running } = tunnel
    // Whoever asks for something else waits for ever: bodies are what is too slow here.
    const slow = { method: 'POST', path: '/other' } as const
    await using attackers = await Attackers.start('h1', running.port(80), 12, slow)
    await using waiting = await Attackers.start('h1', running.port(80), 8, { method: 'GET', path: '/other' })
    await endured(running, 3)
    assert.ok(attackers.begun + waiting.begun >= 20)
    tunnel.near.write('there')
    const [there] = (await once(tunnel.far, 'data')) as [Buffer]
    assert.equal(there.toString(), 'there')
    tunnel.far.write('back')
    for await (const [chunk] of on(tunnel.near, 'data') as AsyncIterable<[Buffer]>)
      if (chunk.toString().endsWith('back')) break
  })
})
