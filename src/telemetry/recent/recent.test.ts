import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test, type TestContext } from 'node:test'
import { LoggedFields } from '../logged-fields.ts'
import { Worker } from 'node:worker_threads'
import { AccessRecord } from '../access-record.ts'
import { layoutFor } from './layout.ts'
import { RecentMemories } from './recent-memories.ts'
import { RecentReader } from './recent-reader.ts'
import { RecentWriter } from './recent-writer.ts'
import type { RecentRecord } from './slot-reader.ts'
import { Story } from './story.ts'

function start(workers = 1) {
  const memories = new RecentMemories(workers)
  const memory = memories.take()
  return { memories, memory, writer: new RecentWriter(memory, workers), reader: new RecentReader(memories) }
}

let written = 0

function recordOf(fields: Partial<AccessRecord>): AccessRecord {
  return Object.assign(new AccessRecord(), {
    method: 'GET',
    path: '/items',
    status: 200,
    clientAddress: '203.0.113.7',
    exchangeId: `id-${++written}`,
    route: 'httproute/default/items/0',
    durationMs: 3,
    ...fields,
  })
}

/** Writers ask for the time of the day once each: where there are several, it has to go as theirs does. */
function clockOf(t: TestContext): (nowMs: number) => number {
  t.mock.timers.enable({ apis: ['Date'] })
  return nowMs => {
    t.mock.timers.setTime(1_000 + nowMs)
    return nowMs
  }
}

const paths = (records: readonly RecentRecord[]): string[] => records.map(({ path }) => path)

suite('a record of a recent request', () => {
  test('is read as it was written', () => {
    const { writer, reader } = start()
    writer.write(
      recordOf({
        method: 'POST',
        path: '/cart/%C3%BC',
        query: '?a=1&b=2',
        status: 502,
        version: 20,
        clientAddress: '2001:db8::7',
        peerAddress: '192.0.2.1',
        serverAddress: 'shop.example',
        serverPort: 8443,
        userAgent: 'curl/8.0 (\u00fc)',
        requestBodyBytes: 2 ** 33,
        responseBodyBytes: 123,
        durationMs: 1234.5,
        exchangeId: 'abc',
        listener: 'default/front/https',
        cluster: 'Backend/default/cart',
        endpoint: '127.0.0.1:9000',
        attempts: 3,
        upstreamMs: 12.25,
        failure: 'connection_terminated',
        failureReason: 'ECONNRESET \u20ac',
        grpcStatus: 14,
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        secure: true,
        slow: true,
        snapshot: 7,
        sentAfterMs: 1.5,
      }),
      performance.now(),
    )
    const [record] = reader.list({}, 10).records
    const { endedMs, ...rest } = record!
    assert.ok(Math.abs(endedMs - Date.now()) < 60_000)
    assert.deepEqual(rest, {
      serial: 1,
      method: 'POST',
      path: '/cart/%C3%BC',
      query: '?a=1&b=2',
      status: 502,
      version: 20,
      client: '2001:db8::7',
      peer: '192.0.2.1',
      host: 'shop.example',
      serverPort: 8443,
      agent: 'curl/8.0 (\u00fc)',
      requestBytes: 2 ** 33,
      responseBytes: 123,
      durationMs: 1234.5,
      id: 'abc',
      listener: 'default/front/https',
      route: 'httproute/default/items/0',
      cluster: 'Backend/default/cart',
      endpoint: '127.0.0.1:9000',
      attempts: 3,
      upstreamMs: 12.25,
      failure: 'connection_terminated',
      rejection: '',
      reason: 'ECONNRESET \\u20ac',
      grpcStatus: 14,
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      secure: true,
      isSlow: true,
      isError: true,
      snapshot: 7,
      sentAfterMs: 1.5,
      headMs: 0,
      filtersMs: 0,
      waitedMs: 0,
      connectMs: 0,
      clientMs: 0,
      story: { attempts: [], deeds: [], notes: [], leftOut: 0 },
      cut: [],
    })
  })

  test('of gRPC is kept with what went wrong where the service failed, and not where its client asked for what is not there', () => {
    const { writer, reader } = start()
    const grpc = (path: string, clientAddress: string, fields: Partial<AccessRecord>): void =>
      writer.write(recordOf({ path, clientAddress, status: 200, ...fields }), 0)
    const client = (i: number): string => `203.0.${i >> 8}.${i & 255}`
    grpc('/fault', client(0), { grpcStatus: 12 })
    for (let i = 1; i < 6_000; i++)
      grpc('/scan', client(i), { grpcStatus: 12, failure: 'route_not_found', route: `r${i}` })
    assert.equal(reader.list({ keep: 'errors', path: '/fault' }, 10).records.length, 1)
  })

  test('has its story, also where others have left no room for one in the ring of all', () => {
    const { writer, reader } = start()
    const story = new Story()
    story.connectMs = 4
    for (let i = 0; i < 10; i++)
      story.tried({
        endpoint: `10.0.0.${i}:80`,
        sentAfterMs: i,
        endedAfterMs: i + 0.5,
        status: 0,
        failure: 'connection_refused',
        reason: 'ECONNREFUSED',
      })
    writer.write(recordOf({ attempts: 11, story, exchangeId: 'tried' }), performance.now())
    const { record } = reader.find('tried')!
    assert.equal(record.story.attempts.length, 8)
    assert.equal(record.story.leftOut, 2)
    assert.equal(record.story.attempts[0]!.connectMs, 4)
    assert.equal(record.story.attempts[7]!.endpoint, '10.0.0.7:80')
  })

  test('is cut where it has no room, and says what was; its id never is', () => {
    const { writer, reader } = start()
    const long = recordOf({
      path: `/${'p'.repeat(8_000)}`,
      query: `?${'q'.repeat(8_000)}`,
      userAgent: 'a'.repeat(8_000),
      serverAddress: `${'h'.repeat(63)}.example`,
      exchangeId: 'i'.repeat(128),
      method: 'M'.repeat(60),
    })
    writer.write(long, performance.now())
    const [record] = reader.list({}, 1).records
    assert.equal(record!.id, 'i'.repeat(128))
    assert.match(record!.path, /^\/p{40,}$/)
    assert.match(record!.query, /^\?q+$/)
    assert.equal(record!.route, 'httproute/default/items/0')
    assert.deepEqual(
      record!.cut.filter(name => ['path', 'query', 'agent'].includes(name)),
      ['path', 'query', 'agent'],
    )
  })

  test('has no secret in any byte of the memory', () => {
    const { writer, memory } = start()
    const secret = 'hunter2-hunter2'
    const story = new Story()
    story.tried({
      endpoint: '',
      sentAfterMs: -1,
      endedAfterMs: 1,
      status: 0,
      failure: 'x',
      reason: `Bearer ${secret}`,
    })
    writer.write(
      recordOf({
        query: `?page=1&access_token=${secret}&api%5Fkey=${secret}&code=${secret}&X-Amz-Signature=${secret}`,
        failure: 'proxy_internal_error',
        failureReason: `redis://user:${secret}@10.0.0.1 refused; authorization: Basic ${secret}`,
        status: 500,
        story,
        notes: [
          new LoggedFields([
            ['enduser.token', secret],
            ['enduser.id', 'ann'],
          ]),
        ],
      }),
      performance.now(),
    )
    const bytes = Buffer.from(memory)
    assert.equal(bytes.includes(secret), false)
    assert.ok(bytes.includes('access_token=[redacted]'))
    assert.ok(bytes.includes('"enduser.id","ann"'))
  })
})

suite('recent requests', () => {
  test('are the last ones, and what went wrong or took long stays', () => {
    const { writer, reader } = start()
    const { slots } = layoutFor(1).rings[0]
    writer.write(recordOf({ path: '/broken', status: 500, exchangeId: 'broken' }), 0)
    writer.write(recordOf({ path: '/late', durationMs: 900, slow: true }), 1)
    writer.write(recordOf({ path: '/secret', status: 401, failure: 'authentication_required' }), 2)
    for (let i = 0; i < 3 * slots; i++) writer.write(recordOf({ path: `/${i}` }), 10 + i / 100)
    const all = reader.list({}, 10_000).records
    assert.equal(all.length, slots + 3)
    assert.equal(all[0]!.path, `/${3 * slots - 1}`)
    assert.deepEqual(paths(all.slice(-3)), ['/secret', '/late', '/broken'])
    assert.deepEqual(paths(reader.list({ keep: 'errors' }, 10).records), ['/secret', '/broken'])
    assert.deepEqual(paths(reader.list({ keep: 'slow' }, 10).records), ['/late'])
    assert.equal(reader.find('broken')!.record.status, 500)
    assert.equal(reader.find('nobody'), null)
    const { allSinceMs, errorsSinceMs, slowSinceMs } = reader.reach()
    assert.ok(errorsSinceMs! < slowSinceMs! && slowSinceMs! < allSinceMs!)
  })

  for (const [name, filter, expected] of [
    ['a status', { status: [404, 404] }, ['/c']],
    ['a class', { status: [400, 499] }, ['/d', '/c']],
    ['what went wrong', { status: 'error' }, ['/e', '/d', '/c', '/b']],
    ['a method', { method: 'POST' }, ['/b']],
    ['a route', { route: 'other' }, ['/a']],
    ['a host', { host: 'shop.example' }, ['/a']],
    ['a path', { path: '/c' }, ['/c']],
    ['a client', { client: '192.0.2.9' }, ['/b']],
    ['a cluster', { cluster: 'Backend/x' }, ['/b']],
    ['a failure', { failure: 'connection_refused' }, ['/b']],
    ['a rule of the codec', { failure: 'bad_target' }, ['/e']],
    ['a duration', { minDurationMs: 100 }, ['/b']],
  ] as const)
    test(`by ${name}`, () => {
      const { writer, reader } = start()
      writer.write(recordOf({ path: '/a', route: 'other', serverAddress: 'shop.example' }), 0)
      const failure = 'connection_refused'
      const b = {
        path: '/b',
        method: 'POST',
        status: 502,
        failure,
        cluster: 'Backend/x',
        durationMs: 100,
      } as const
      writer.write(recordOf({ ...b, clientAddress: '192.0.2.9' }), 1)
      writer.write(recordOf({ path: '/c', status: 404 }), 2)
      writer.write(recordOf({ path: '/d', status: 401 }), 3)
      writer.write(recordOf({ path: '/e', status: 0, rejection: 'bad_target' }), 4)
      assert.deepEqual(paths(reader.list(filter, 10).records), expected)
    })

  test('come in pages, which stay what they are while others come', t => {
    const at = clockOf(t)
    const { memories, writer, reader } = start()
    const second = new RecentWriter(memories.take(), 1)
    for (let i = 0; i < 50; i++) (i % 2 === 0 ? writer : second).write(recordOf({ path: `/${i}` }), at(i))
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: ReturnType<RecentReader['list']> = reader.list({}, 7, cursor)
      seen.push(...paths(page.records))
      cursor = page.next
      writer.write(recordOf({ path: '/new' }), 1_000)
    } while (cursor !== null)
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, i) => `/${49 - i}`),
    )
    assert.throws(() => reader.list({}, 1, 'nonsense'), RangeError)
  })

  test('of a worker that has died stay for the next, which goes on behind them', t => {
    const at = clockOf(t)
    const { memories, memory, writer, reader } = start()
    const { slots } = layoutFor(1).rings[1]
    for (let i = 0; i < 5; i++) writer.write(recordOf({ path: `/old/${i}`, status: 500 }), at(i))
    memories.give(memory)
    assert.equal(memories.take(), memory)
    const next = new RecentWriter(memory, 1)
    next.write(recordOf({ path: '/new' }), at(10))
    assert.deepEqual(paths(reader.list({}, 3).records), ['/new', '/old/4', '/old/3'])
    // The oldest of the dead worker's go first.
    for (let i = 0; i < slots - 3; i++)
      next.write(
        recordOf({ path: '/next', status: 500, clientAddress: `10.0.${i >> 8}.${i & 255}`, route: `${i}` }),
        20,
      )
    const kept = new Set(paths(reader.list({ keep: 'errors' }, 1_000).records))
    assert.deepEqual(
      [0, 1, 2, 3, 4].map(i => kept.has(`/old/${i}`)),
      [true, true, true, true, true],
    )
  })

  test('a record that was being written when its worker died is not shown, and its slot is used again', t => {
    const at = clockOf(t)
    const { memories, memory, writer, reader } = start()
    writer.write(recordOf({ path: '/whole' }), at(0))
    writer.write(recordOf({ path: '/half' }), at(1))
    const { from, slotBytes } = memories.layout.rings[0]
    // As the worker leaves it that is ended between the two numbers.
    Atomics.add(new Int32Array(memory), (from + slotBytes) >> 2, 1)
    new Float64Array(memory)[0] = 1
    assert.deepEqual(paths(reader.list({}, 5).records), ['/whole'])
    new RecentWriter(memory, 1).write(recordOf({ path: '/again' }), at(2))
    assert.deepEqual(paths(reader.list({}, 5).records), ['/again', '/whole'])
  })

  test('are never half of one and half of another, however fast they are written', async () => {
    const { memories, memory, reader } = start(64)
    const source = `
      import { workerData } from 'node:worker_threads'
      const { RecentWriter } = await import(workerData.writer)
      const { AccessRecord } = await import(workerData.record)
      const writer = new RecentWriter(workerData.memory, 64)
      const record = new AccessRecord()
      for (let i = 0; ; i++) {
        const text = String.fromCharCode(97 + (i % 26)).repeat(20 + (i % 50))
        Object.assign(record, { path: text, route: text, userAgent: text, exchangeId: text })
        Object.assign(record, { status: 200 + (i % 26) * 10, serverPort: i % 26, durationMs: i % 26 })
        writer.write(record, i)
      }`
    const url = (path: string): string => new URL(path, import.meta.url).href
    const workerData = { memory, writer: url('recent-writer.ts'), record: url('../access-record.ts') }
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData })
    await once(worker, 'online')
    let read = 0
    let newest = 0
    while (read < 30_000) {
      for (const record of reader.list({}, 1_000).records) {
        const letter = record.path.charCodeAt(0) - 97
        assert.match(record.path, /^([a-z])\1+$/)
        assert.deepEqual(
          [record.route, record.agent, record.id, record.serverPort, record.durationMs, record.status],
          [record.path, record.path, record.path, letter, letter, 200 + letter * 10],
        )
        newest = Math.max(newest, record.serial)
        read++
      }
      await new Promise(setImmediate)
    }
    assert.ok(newest > layoutFor(64).rings[0].slots, 'the ring has been written over while it was read')
    await worker.terminate()
    // Whatever it was doing, what it has written can be read.
    assert.ok(reader.list({}, 1_000).records.length > 0)
    memories.give(memory)
  })
})
