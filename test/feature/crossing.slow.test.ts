import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { Attackers, type Attack } from '../support/attackers.ts'
import { Crossed, type BundleThread } from '../support/crossing.ts'
import { readTunnel } from '../support/tunnel-reader.ts'
import { acceptOf, TunnelClient } from '../support/tunnels.ts'
import { wireClient, type Asked, type Whole } from '../support/wire-client.ts'
import { patient } from '../support/wires.ts'

interface Seen {
  readonly method: string
  readonly target: string
  readonly body: string
  readonly leftMs: number | null
  readonly headers: Readonly<Record<string, string>>
}

const plain = ['h1', 'h2c'] as const
/** Buffers of sockets, windows, and little between them. */
const mostBytes = 24 * 1024 * 1024

const pattern = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7) & 255))
const reasonOf = ({ body }: Whole): string => (JSON.parse(body.toString()) as { reason: string }).reason

/** Resolves with what is measured when it has been the same for a while. */
async function still(measure: () => Promise<number>): Promise<number> {
  let last = await measure()
  for (let same = 0; same < 100; same++) {
    const now = await measure()
    if (now !== last) same = 0
    last = now
  }
  return last
}

async function idle(thread: BundleThread): Promise<void> {
  while ((await thread.state()).active > 0);
}

for (const wire of plain)
  suite(`requests cross into a thread and back (${wire})`, () => {
    let crossed: Crossed
    before(async () => (crossed = await Crossed.start({ between: { client: patient } })))
    after(() => crossed[Symbol.asyncDispose]())

    const ask = async (asked: Asked): Promise<Whole> => {
      await using client = wireClient(wire, crossed.port)
      return await client.send(asked)
    }

    test('method, target, fields and body come in, status, fields and body go out', async () => {
      const answer = await ask({
        method: 'POST',
        path: '/seen?b=1&a=%2F',
        headers: { 'X-A': 'b', Cookie: 'c=d' },
        body: 'hello',
      })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], 'text/plain')
      const seen = JSON.parse(answer.body.toString()) as Seen
      assert.deepEqual(
        [seen.method, seen.target, seen.body, seen.leftMs],
        ['POST', '/seen?b=1&a=%2F', 'hello', null],
      )
      assert.equal(seen.headers['x-a'], 'b')
      assert.equal(seen.headers['cookie'], 'c=d')
      assert.equal(seen.headers['host'], 'a.example')
    })

    for (const bytes of [0, 1, 1000, 65_536, 65_537, 1_000_000])
      test(`a body of ${bytes} bytes comes back as it was`, async () => {
        const body = pattern(bytes)
        for (const path of ['/echo', '/stream-echo']) {
          const answer = await ask({ method: 'PUT', path, body })
          assert.equal(answer.status, 200)
          assert.ok(answer.body.equals(body), path)
        }
      })

    for (const [path, length, told] of [
      ['/large?1', 1, '1'],
      ['/large?65537', 65_537, '65537'],
      ['/large?3000000', 3_000_000, '3000000'],
      ['/large-text?10', 20, '20'],
      ['/large-text?100000', 200_000, '200000'],
      ['/known-length', 4, '4'],
      ['/ticks?3', 21, undefined],
      ['/status?204', 0, undefined],
      ['/status?304', 0, undefined],
      ['/status?404', 0, '0'],
    ] as const)
      test(`the answer to ${path} has ${length} bytes, of which Content-Length says ${told ?? 'nothing'}`, async () => {
        const { body, headers } = await ask({ path })
        assert.deepEqual([body.length, headers['content-length']], [length, told])
      })

    for (const path of ['/large?10', '/ticks?3', '/known-length', '/endless'])
      test(`the answer to HEAD ${path} has no body, and what makes it is ended`, async () => {
        const { status, body } = await ask({ method: 'HEAD', path })
        assert.deepEqual([status, body.length], [200, 0])
        await idle(crossed.thread)
      })

    test('what comes behind a body are its trailers', async () => {
      const { body, trailers } = await ask({ path: '/trailers', headers: { TE: 'trailers' } })
      assert.deepEqual([body.toString(), trailers['x-sum']], ['tick 0\n', '1'])
    })

    test('the head of an answer does not wait for its body', async () => {
      await using client = wireClient(wire, crossed.port)
      const call = client.ask({ path: '/never-begins' })
      assert.equal((await call.head).status, 200)
      call.abort()
      await idle(crossed.thread)
    })

    test('an answer streams: its beginning is here while its end is not made', async () => {
      await using client = wireClient(wire, crossed.port)
      const call = client.ask({ path: '/endless?10' })
      assert.equal((await call.head).status, 200)
      await once(call.response(), 'data')
      call.abort()
      await crossed.thread.told('returned')
      await idle(crossed.thread)
    })

    test('who does not read stops what makes the answer, and gets all of it when it reads', async () => {
      const earlier = (await crossed.thread.state()).made
      await using client = wireClient(wire, crossed.port)
      const call = client.ask({ path: '/endless?65536' })
      await call.head
      const made = await still(async () => (await crossed.thread.state()).made - earlier)
      assert.ok(made < mostBytes, `${made} bytes were made that nobody reads`)
      let read = 0
      for await (const chunk of call.response()) {
        read += (chunk as Buffer).length
        if (read > made + 1_000_000) break
      }
      assert.ok(read > made, 'it went on')
      call.abort()
      await idle(crossed.thread)
    })

    test('a handler that does not read stops its client', async () => {
      await using own = await Crossed.start({ between: { client: patient } })
      await using client = wireClient(wire, own.port)
      const call = client.ask({ method: 'POST', path: '/unread' })
      call.request.on('error', () => {})
      let taken = 0
      const piece = Buffer.alloc(65_536)
      const more = (error?: Error | null): void => {
        if (error != null || taken > 2 * mostBytes) return
        taken += piece.length
        call.request.write(piece, more)
      }
      more()
      await own.thread.told('unread')
      await still(async () => {
        await own.thread.state()
        return taken
      })
      assert.ok(taken < mostBytes, `${taken} bytes were taken that nobody reads`)
      call.abort()
    })

    test('a handler hears when its client has gone', async () => {
      await using client = wireClient(wire, crossed.port)
      const call = client.ask({ path: '/unread' })
      await crossed.thread.told('unread')
      call.abort()
      await crossed.thread.told('aborted /unread')
      await idle(crossed.thread)
    })

    test('an answer that does not wait for the body ends the request', async () => {
      await using client = wireClient(wire, crossed.port)
      const call = client.ask({ method: 'POST', path: '/early' })
      call.request.on('error', () => {})
      call.request.write('begun')
      assert.equal((await call.head).status, 403)
      await idle(crossed.thread)
    })

    for (const [path, status, reason] of [
      ['/throws', 503, 'bundle_terminated'],
      ['/bad-field', 503, 'bundle_terminated'],
      ['/status?99', 503, 'bundle_terminated'],
      ['/status?101', 503, 'bundle_terminated'],
    ] as const)
      test(`${path} is answered ${status} ${reason}`, async () => {
        const answer = await ask({ path })
        assert.deepEqual([answer.status, reasonOf(answer)], [status, reason])
      })

    test('an answer that breaks in its middle is seen to be incomplete', async () => {
      await assert.rejects(ask({ path: '/breaking' }))
      await idle(crossed.thread)
    })

    test('a tunnel carries bytes both ways, and each side ends by itself', async () => {
      await using client = await TunnelClient.to(wire, { port: () => crossed.port })
      const socket = await client.socket()
      const key = 'dGhlIHNhbXBsZSBub25jZQ=='
      socket.write(
        `GET /tunnel HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      )
      const reader = await readTunnel(socket)
      assert.match(reader.head, /^HTTP\/1\.1 101 /)
      assert.match(
        reader.head,
        new RegExp(`sec-websocket-accept: ${acceptOf(key).replaceAll('+', '\\+')}`, 'i'),
      )
      assert.match(reader.head, /sec-websocket-protocol: a\r\n/i)
      socket.write('ping')
      await reader.until(/ping$/)
      socket.end('x'.repeat(300_000))
      assert.match(await reader.ended, /pingx{300000}$/)
      await crossed.thread.told('tunnel ended')
      await idle(crossed.thread)
    })

    test('a tunnel whose client breaks off is told of', async () => {
      await using client = await TunnelClient.to(wire, { port: () => crossed.port })
      const socket = await client.socket()
      socket.write(
        `GET /tunnel HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      )
      await readTunnel(socket)
      // An end of its direction alone would be no more than that; by HTTP/2 Node tells of that first.
      if (!(socket instanceof Socket)) socket.destroy()
      else {
        socket.resetAndDestroy()
        await crossed.thread.told('tunnel lost')
      }
      await idle(crossed.thread)
    })
  })

suite('what a thread is told of time', () => {
  test('is how much of the deadline of the route is left', async () => {
    await using crossed = await Crossed.start({ between: { rule: { timeouts: { request: '60s' } } } })
    await using client = wireClient('h1', crossed.port)
    const { leftMs } = JSON.parse((await client.send({ path: '/seen' })).body.toString()) as Seen
    assert.ok(leftMs !== null && leftMs > 0 && leftMs <= 60_000, String(leftMs))
  })
})

suite('a thread that', () => {
  test('dies fails what is under way by name, and what comes later', async () => {
    await using crossed = await Crossed.start()
    await using client = wireClient('h1', crossed.port)
    const died = await client.send({ path: '/dies' })
    assert.deepEqual([died.status, reasonOf(died)], [503, 'bundle_terminated'])
    const later = await client.send({ path: '/' })
    assert.deepEqual([later.status, reasonOf(later)], [503, 'bundle_unavailable'])
  })

  test('dies in the middle of an answer has its client see that', async () => {
    await using crossed = await Crossed.start()
    await using client = wireClient('h1', crossed.port)
    const call = client.ask({ path: '/endless?10' })
    await call.head
    const broken = assert.rejects(call.whole())
    await crossed.thread.worker.terminate()
    await broken
  })

  test('dies leaves those of its cluster that are well', async () => {
    await using crossed = await Crossed.start({ threads: 2 })
    await crossed.thread.worker.terminate()
    await using client = wireClient('h1', crossed.port)
    for (let i = 0; i < 10; i++) assert.equal((await client.send({ path: '/' })).status, 200)
  })

  test('dies of a request takes no other thread with it, whatever is repeated', async () => {
    const retry = {
      attempts: 2,
      codes: [],
      grpcCodes: [],
      connectFailures: true,
      resets: true,
      timeouts: true,
      backoffMs: 1,
      maxBackoffMs: 0,
    }
    await using crossed = await Crossed.start({ threads: 3, cluster: { retry } })
    await using client = wireClient('h1', crossed.port)
    const died = await client.send({ path: '/dies' })
    assert.deepEqual([died.status, reasonOf(died)], [503, 'bundle_terminated'])
    assert.equal((await client.send({ path: '/' })).status, 200)
  })

  test('stands still and is given up fails what is under way by name', async () => {
    await using crossed = await Crossed.start()
    await using client = wireClient('h1', crossed.port)
    const call = client.ask({ path: '/stands-still' })
    await crossed.thread.told('stands still')
    crossed.workers.loseThread(crossed.thread.id, 'bundle_stalled', 'test')
    const answer = await call.whole()
    assert.deepEqual([answer.status, reasonOf(answer)], [503, 'bundle_stalled'])
  })

  test('is replaced finishes what is under way, and no request fails', async () => {
    await using crossed = await Crossed.start()
    await using client = wireClient('h2c', crossed.port)
    const long = client.ask({ path: '/ticks?200' })
    await long.head
    const statuses = new Set<number>()
    let over = false
    const load = (async () => {
      while (!over) statuses.add((await client.send({ method: 'POST', path: '/echo', body: 'a' })).status)
    })()
    const [old] = crossed.threads
    const next = crossed.add()
    await crossed.apply([next])
    const drained = old!.drain()
    const { body } = await long.whole()
    assert.match(body.toString(), /tick 199\n$/)
    await drained
    await old!.worker.terminate()
    over = true
    await load
    assert.deepEqual([...statuses], [200])
  })

  test('is there when a worker is replaced is reached by the new one', async () => {
    await using crossed = await Crossed.start({ workers: 2 })
    await crossed.workers.replace(1)
    await using client = wireClient('h1', crossed.port)
    assert.equal((await client.send({ path: '/' })).status, 200)
  })
})

suite('of what may be under way at a thread a neighbour has its share beside', () => {
  const attacks: readonly [string, Attack][] = [
    ['bodies of which a byte comes', { method: 'POST', path: '/echo' }],
    ['answers that nobody reads', { method: 'GET', path: '/endless' }],
  ]
  for (const [what, attack] of attacks)
    for (const wire of plain)
      test(`${what} (${wire})`, async () => {
        const backend = {
          connections: { max: 8, connectTimeout: '30s' },
          pressure: { patience: '300ms' },
        }
        await using crossed = await Crossed.start({ between: { backend } })
        await using attackers = await Attackers.start(wire, crossed.port, 12, attack)
        while ((await crossed.thread.state()).active < (attack.method === 'GET' ? 8 : 1));
        for (const own of plain) {
          await using neighbour = wireClient(own, crossed.port)
          for (const asked of [{ path: '/' }, { method: 'POST', path: '/echo', body: pattern(100_000) }])
            assert.equal((await neighbour.send(asked)).status, 200)
        }
        assert.ok(attackers.begun >= 12)
      })
})
