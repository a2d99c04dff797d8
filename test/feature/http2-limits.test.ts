import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { PREFACE } from '../../src/http/h2/codes.ts'
import {
  block,
  data,
  get,
  headers,
  hello,
  ping,
  post,
  settings,
  settingsAck,
  windowUpdate,
  headFrames,
  type Frame,
} from '../support/http2/wire.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { Neighbour } from '../support/neighbour.ts'
import { plain } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { Seen } from '../support/until.ts'
import { portFor, startBetween } from '../support/wires.ts'
import { TestUpstream } from '../support/upstream.ts'

const to = (path: string): Buffer =>
  block(':method', 'GET', ':scheme', 'http', ':path', path, ':authority', 'a')
const rejections = (gateway: TestGateway, rule: string): number =>
  Number(new RegExp(`rejections_total\\{rule="${rule}"\\} (\\d+)`).exec(gateway.metrics())?.[1] ?? 0)

/** `/hold` waits until `release`, `/large` has a megabyte, `/huge` more than sockets hold, everything else is answered `ok`. */
class Upstream {
  requests = 0
  readonly held = new Seen<() => void>()
  /** Requests that were given up by the gateway. */
  readonly gone = new Seen<string>()

  start(): Promise<TestUpstream> {
    return TestUpstream.start((request, response) => {
      const { url = '' } = request
      this.requests++
      response.on('close', () => response.writableFinished || this.gone.push(url))
      if (url === '/hold') this.held.push(() => response.end('ok'))
      else if (url === '/huge') response.end(Buffer.alloc(32_000_000, 'x'))
      else if (url === '/large') response.end(Buffer.alloc(1_000_000, 'x'))
      else
        request
          .on('error', () => {})
          .resume()
          .on('end', () => response.end('ok'))
    })
  }
}

suite('streams at once', () => {
  for (const [what, client, most] of [
    ['by default', {}, 100],
    ['by ClientPolicy', { limits: { streams: 3 } }, 3],
  ] as const)
    test(`${what} ${most}: one more is refused, and may come when another has ended`, async () => {
      const own = new Upstream()
      await using upstream = await own.start()
      await using gateway = await startGateway(plain(upstream.port, { client }))
      await using asker = await RawHttp2Client.to(gateway.port())
      await asker.until(() => asker.frames.some(({ type }) => type === 4))
      const offered = asker.frames.find(({ type }) => type === 4)!.payload
      assert.ok(offered.includes(Buffer.from([0, 3, 0, 0, 0, most])))
      for (let i = 0; i <= most; i++) asker.says(headers(1 + 2 * i, to('/hold')))
      await asker.until(new RegExp(`^RST ${1 + 2 * most} REFUSED_STREAM$`))
      const [first] = await own.held.count(most)
      assert.equal(rejections(gateway, 'h2-streams'), 1)
      first!()
      await asker.until(/^DATA \d+ 2 END$/)
      asker.says(headers(3 + 2 * most, to('/')))
      await asker.until(new RegExp(`^DATA ${3 + 2 * most} 2 END$`))
      assert.equal(own.held.all.length, most)
    })

  for (const wire of ['h2c', 'h2'] as const)
    test(`a burst before the client can know the limit: all are answered or refused, none is lost (${wire})`, async () => {
      const own = new Upstream()
      await using upstream = await own.start()
      await using gateway = await startBetween('h1', upstream.port)
      const scheme = wire === 'h2' ? 'https' : 'http'
      const request = block(':method', 'GET', ':scheme', scheme, ':path', '/', ':authority', 'a.example')
      const requests = Array.from({ length: 2000 }, (_, i) => headers(1 + 2 * i, request))
      await using asker = await RawHttp2Client.to(portFor(wire, gateway), {
        tls: wire === 'h2',
        first: Buffer.concat([PREFACE, settings(), ...requests]),
      })
      const count = (matches: (frame: Frame) => boolean): number => asker.frames.filter(matches).length
      const isReset = ({ type }: Frame): boolean => type === 3
      await asker.until(() => count(one => isReset(one) || (one.type === 0 && one.flags === 1)) === 2000)
      const refused = asker.said.filter(line => line.endsWith(' REFUSED_STREAM')).length
      assert.equal(refused, count(isReset))
      assert.equal(rejections(gateway, 'h2-streams'), refused)
      assert.ok(refused > 0 && refused <= 1900, `${refused} were refused`)
      asker.says(settingsAck, headers(4001, request))
      await asker.until(/^DATA 4001 2 END$/)
    })

  test('of all connections of a worker: who has many is refused more, who has few is served', async () => {
    const own = new Upstream()
    await using upstream = await own.start()
    const overload = { exchanges: 100, bufferedBytes: 1e9, heapShare: 1 }
    await using gateway = await startGateway(plain(upstream.port), { overload })
    const refused = (client: RawHttp2Client): number =>
      client.said.filter(line => line.includes('REFUSED_STREAM')).length
    const answered = (client: RawHttp2Client, wanted: number): Promise<void> =>
      client.until(() => refused(client) >= wanted)
    const attackers = await Promise.all(Array.from({ length: 5 }, () => RawHttp2Client.to(gateway.port())))
    for (const [i, attacker] of attackers.entries()) {
      for (let n = 0; n < 90; n++) attacker.says(headers(1 + 2 * n, to('/hold')))
      attacker.says(ping())
      await attacker.until(/^PONG/)
      if (i > 0) await answered(attacker, 50)
    }
    // All of them together hold hardly more than the worker has: one stream is everybody's.
    const open = 5 * 90 - attackers.reduce((sum, one) => sum + refused(one), 0)
    assert.ok(open >= 50 && open < 110, `${open} are open`)
    await using neighbour = new Neighbour(gateway.port(), false)
    await neighbour.served()
    await Promise.all(attackers.map(one => one[Symbol.asyncDispose]()))
    await using late = await RawHttp2Client.to(gateway.port())
    for (let n = 0; n < 20; n++) late.says(headers(1 + 2 * n, to('/')))
    await late.until(() => late.said.filter(line => line.startsWith('DATA')).length === 20)
  })
})

suite('heads', () => {
  // One entry of 4000 bytes, and 12,000 references of a byte to it: 48 MB of fields.
  const entry = Buffer.concat([Buffer.from('\x40\x01x\x7f\xa1\x1e', 'latin1'), Buffer.alloc(4000, 'a')])
  const crumbs = (count: number, bytes: number): string[] =>
    Array.from({ length: count }, (_, i) => ['cookie', `c${i}=`.padEnd(bytes, 'x')]).flat()

  for (const [what, fields, rule] of [
    ['a bomb of indexed fields', Buffer.concat([get(), entry, Buffer.alloc(12_000, 0xbe)]), 'head-size'],
    ['more fields than allowed', get(...Array.from({ length: 100 }, () => ['x', 'y']).flat()), 'field-count'],
    ['cookie crumbs that are too long together', get(...crumbs(17, 4000)), 'head-size'],
    ['a cookie crumb that is too long', get(...crumbs(1, 17_000)), 'field-size'],
    ['a field that is too long', get('x', 'y'.repeat(17_000)), 'field-size'],
  ] as const)
    test(`${what}: 431 ${rule}, on a connection that goes on`, async () => {
      const own = new Upstream()
      await using upstream = await own.start()
      await using gateway = await startGateway(plain(upstream.port))
      await using asker = await RawHttp2Client.to(gateway.port())
      asker.says(...headFrames(1, fields))
      await asker.until(/^DATA 1 \d+ END$/)
      assert.equal((await gateway.line(() => true))['http.response.status_code'], 431)
      assert.equal(rejections(gateway, rule), 1)
      asker.says(headers(3, get()))
      await asker.until(/^DATA 3 2 END$/)
      assert.equal(own.requests, 1)
    })

  test('cookie crumbs within the limits are one field upstream', async () => {
    let cookie = ''
    await using upstream = await TestUpstream.start((request, response) => {
      cookie = request.headers.cookie ?? ''
      response.end('ok')
    })
    await using gateway = await startGateway(plain(upstream.port))
    await using asker = await RawHttp2Client.to(gateway.port())
    asker.says(...headFrames(1, get(...crumbs(120, 100))))
    await asker.until(/^DATA 1 2 END$/)
    assert.equal(cookie.length, 120 * 102 - 2)
  })
})

suite('time', () => {
  const quick = { client: { timeouts: { head: '1s', idle: '1s', bodyIdle: '1s', stall: '1s' } } }

  test('a response that nobody takes is given up after timeouts.stall; its neighbour is not', async () => {
    const own = new Upstream()
    await using upstream = await own.start()
    await using gateway = await startGateway(plain(upstream.port, quick))
    await using asker = await RawHttp2Client.to(gateway.port())
    asker.says(settings([4, 0]), headers(1, to('/huge')), headers(3, to('/hold')))
    await asker.until(/^RST 1 CANCEL$/)
    await own.gone.first(url => url === '/huge')
    assert.equal(asker.bytes(1), 0)
    assert.equal(rejections(gateway, 'h2-stall'), 1)
    const [release] = await own.held.count(1)
    release!()
    asker.says(windowUpdate(3, 1000))
    await asker.until(/^DATA 3 2 END$/)
  })

  test('a request’s body that does not come is answered 408 after timeouts.bodyIdle', async () => {
    await using upstream = await TestUpstream.start((request, response) => {
      request
        .on('error', () => {})
        .resume()
        .on('end', () => response.end('ok'))
    })
    await using gateway = await startGateway(plain(upstream.port, quick))
    await using asker = await RawHttp2Client.to(gateway.port())
    asker.says(headers(1, post(), 4), data(1, 'x'))
    await asker.until(/^RST 1 NO_ERROR$/)
    assert.equal((await gateway.line(() => true))['http.response.status_code'], 408)
  })

  for (const [what, first, rest, fault, code] of [
    ['a head that comes a byte at a time', hello, headers(1, get()), 'head-timeout', 'ENHANCE_YOUR_CALM'],
    ['a preface without settings', PREFACE, Buffer.alloc(0), 'settings-timeout', 'SETTINGS_TIMEOUT'],
    [
      'settings that are not acknowledged',
      Buffer.concat([PREFACE, settings()]),
      Buffer.alloc(0),
      'settings-timeout',
      'SETTINGS_TIMEOUT',
    ],
  ] as const)
    test(`${what}: ${code} after timeouts.head`, async () => {
      const own = new Upstream()
      await using upstream = await own.start()
      await using gateway = await startGateway(plain(upstream.port, quick))
      await using attacker = await RawHttp2Client.to(gateway.port(), { first })
      await using neighbour = new Neighbour(gateway.port(), false)
      for (let at = 0; !attacker.ended; at++) {
        if (at < rest.length - 1) attacker.says(rest.subarray(at, at + 1))
        await neighbour.served()
      }
      assert.match(attacker.said.at(-1) ?? '', new RegExp(`^GOAWAY 0 ${code}$`))
      assert.equal(rejections(gateway, fault), 1)
    })

  test('pings and window updates keep no connection alive that has no request', async () => {
    const own = new Upstream()
    await using upstream = await own.start()
    await using gateway = await startGateway(plain(upstream.port, quick))
    await using asker = await RawHttp2Client.to(gateway.port())
    // As fast as it may for ever.
    const pinging = setInterval(() => asker.says(ping(), windowUpdate(0, 1)), 100)
    await asker.closed()
    clearInterval(pinging)
    assert.match(asker.said.filter(line => !line.startsWith('PONG')).at(-1) ?? '', /^GOAWAY 0 NO_ERROR$/)
  })
})

suite('memory', () => {
  const buffered = (gateway: TestGateway): number =>
    Number(/\nportcullis_buffered_bytes (\d+)/.exec(gateway.metrics())?.[1] ?? 0)
  /** Asks for a megabyte on each of so many streams, and takes nothing of it. */
  const hoard = async (gateway: TestGateway, streams: number): Promise<RawHttp2Client> => {
    const client = await RawHttp2Client.to(gateway.port())
    client.says(
      settings([4, 0]),
      ...Array.from({ length: streams }, (_, i) => headers(1 + 2 * i, to('/large'))),
    )
    return client
  }

  test('what waits in a stream is no more than its writer may have there, and one read', async () => {
    const own = new Upstream()
    await using upstream = await own.start()
    await using gateway = await startGateway(plain(upstream.port, { client: { timeouts: { stall: '2s' } } }))
    await using attacker = await hoard(gateway, 100)
    let most = 0
    while (rejections(gateway, 'h2-stall') < 100) {
      most = Math.max(most, buffered(gateway))
      await setImmediate()
    }
    assert.ok(most > 0 && most <= 100 * (16_384 + 65_536), `${most} bytes waited`)
    assert.equal(attacker.ended, false)
    while (buffered(gateway) > 0) await setImmediate()
  })

  test('at the limit of a worker stalled streams end at once, and everybody else is served', async () => {
    const own = new Upstream()
    await using upstream = await own.start()
    const overload = { exchanges: 10_000, bufferedBytes: 20_000_000, heapShare: 1 }
    // Nothing but the limit ends them.
    const client = { timeouts: { stall: '1h' } }
    await using gateway = await startGateway(plain(upstream.port, { client }), { overload })
    await using neighbour = new Neighbour(gateway.port(), false)
    const attackers = [await hoard(gateway, 100), await hoard(gateway, 100)]
    while (rejections(gateway, 'h2-stall') === 0) await neighbour.served()
    while (buffered(gateway) > 10_000_000) await neighbour.served()
    assert.ok(attackers.some(({ said }) => said.some(line => line.endsWith(' CANCEL'))))
    await Promise.all(attackers.map(one => one[Symbol.asyncDispose]()))
  })
})

suite('connections', () => {
  test('beyond limits.connections are answered before they speak; those who are busy are served', async () => {
    const own = new Upstream()
    await using upstream = await own.start()
    await using gateway = await startGateway(plain(upstream.port, { client: { limits: { connections: 2 } } }))
    const busy = [await RawHttp2Client.to(gateway.port()), await RawHttp2Client.to(gateway.port())]
    for (const one of busy) one.says(headers(1, to('/hold')))
    const held = await own.held.count(2)
    for (let i = 0; i < 50; i++)
      assert.match(await RawClient.exchange(gateway.port(), hello.toString('latin1')), /^HTTP\/1\.1 503 /)
    assert.match(gateway.metrics(), /failures_total\{failure="proxy_overloaded"\} 50\n/)
    for (const release of held) release()
    await Promise.all(busy.map(one => one.until(/^DATA 1 2 END$/)))
    await Promise.all(busy.map(one => one[Symbol.asyncDispose]()))
  })
})
