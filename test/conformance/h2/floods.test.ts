import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CHUNKED } from '../../../src/http/head.ts'
import { PREFACE } from '../../../src/http/h2/codes.ts'
import { localHead } from '../../../src/http/local.ts'
import { SharedStreams } from '../../../src/http/h2/shared-streams.ts'
import { ServerBench, type ServerSetup } from './harness.ts'
import * as wire from '../../support/http2/wire.ts'
import {
  block,
  continuation,
  data,
  frame,
  get,
  headers,
  ping,
  post,
  priority,
  rst,
  settings,
  u32,
  windowUpdate,
} from '../../support/http2/wire.ts'

/**
 * Attacks, each made with frames of its own: after how many of them the
 * connection ends, by the default limits, and for which reason.
 */
interface Attack {
  readonly what: string
  readonly fault: string
  /** The frames of the nth step. */
  readonly step: (n: number) => readonly Buffer[]
  /** The step with which the connection ends at the latest, and before which it must live. */
  readonly most: number
  readonly least: number
  readonly setup?: ServerSetup
  readonly before?: readonly Buffer[]
}

const id = (n: number): number => 1 + 2 * n

const attacks: readonly Attack[] = [
  {
    what: 'rapid reset (CVE-2023-44487)',
    fault: 'flood-resets',
    least: 200,
    most: 201,
    step: n => [headers(id(n), get()), rst(id(n), 8)],
  },
  {
    what: '"made you reset": windows of 0 (CVE-2025-8671)',
    fault: 'flood-errors',
    least: 100,
    most: 101,
    step: n => [headers(id(n), get()), windowUpdate(id(n), 0)],
  },
  {
    what: '"made you reset": windows that overflow',
    fault: 'flood-errors',
    least: 100,
    most: 101,
    step: n => [headers(id(n), get()), windowUpdate(id(n), 0x7fffffff)],
  },
  {
    what: '"made you reset": DATA after the end',
    fault: 'flood-errors',
    least: 100,
    most: 101,
    step: n => [headers(id(n), get()), data(id(n), 'x')],
  },
  {
    what: '"made you reset": PRIORITY of a wrong length',
    fault: 'flood-errors',
    least: 100,
    most: 101,
    step: n => [headers(id(n), get()), frame(2, 0, id(n), 'x')],
  },
  {
    what: 'malformed requests',
    fault: 'flood-errors',
    least: 100,
    most: 101,
    step: n => [headers(id(n), get('X', 'y'))],
  },
  {
    what: 'streams above the limit',
    fault: 'flood-errors',
    least: 200,
    most: 201,
    step: n => [headers(id(n), get())],
  },
  {
    what: 'trailers on a stream that the client has reset',
    fault: 'flood-errors',
    least: 100,
    most: 101,
    before: [headers(1, post(), 4), rst(1, 8)],
    step: () => [headers(1, block('x', 'y'))],
  },
  { what: 'SETTINGS', fault: 'flood-settings', least: 20, most: 21, step: () => [settings()] },
  {
    what: 'acknowledgements of SETTINGS',
    fault: 'flood-settings',
    least: 20,
    most: 21,
    step: () => [wire.settingsAck],
  },
  { what: 'PING', fault: 'flood-pings', least: 100, most: 101, step: () => [ping()] },
  {
    what: 'answers to no PING',
    fault: 'flood-pings',
    least: 100,
    most: 101,
    step: () => [ping('12345678', wire.ACK)],
  },
  { what: 'PRIORITY', fault: 'flood-priority', least: 200, most: 201, step: () => [priority(1, 3)] },
  {
    what: 'WINDOW_UPDATE',
    fault: 'flood-window-updates',
    least: 1000,
    most: 1001,
    step: () => [windowUpdate(0, 1)],
  },
  {
    what: 'RST_STREAM on a closed stream',
    fault: 'flood-resets',
    least: 1000,
    most: 1001,
    before: [headers(1, get()), rst(1, 8)],
    step: () => [rst(1, 8)],
  },
  {
    what: 'empty DATA',
    fault: 'flood-empty-data',
    least: 100,
    most: 101,
    before: [headers(1, post(), 4)],
    step: () => [data(1, '')],
  },
  {
    what: 'empty DATA on a stream that we have reset',
    fault: 'flood-empty-data',
    least: 100,
    most: 101,
    before: [headers(1, get('X', 'y'))],
    step: () => [data(1, '')],
  },
  {
    what: 'DATA of padding alone',
    fault: 'flood-empty-data',
    least: 100,
    most: 101,
    before: [headers(1, post(), 4)],
    step: () => [data(1, '\x01x', wire.PADDED)],
  },
  {
    what: 'frames of unknown types',
    fault: 'flood-extensions',
    least: 100,
    most: 101,
    step: () => [frame(0xfa, 0, 0, 'x')],
  },
  {
    what: 'CONTINUATION without end (CVE-2024-27316)',
    fault: 'flood-continuations',
    least: 8,
    most: 9,
    before: [headers(1, get(), wire.END_STREAM)],
    step: () => [continuation(1, Buffer.alloc(0), 0)],
  },
  {
    what: 'a field block without end',
    fault: 'head-block-size',
    least: 7,
    most: 8,
    before: [headers(1, Buffer.alloc(16_384), wire.END_STREAM)],
    step: () => [continuation(1, Buffer.alloc(16_384), 0)],
  },
]

for (const { what, fault, step, most, least, setup, before = [] } of attacks)
  test(`${what}: GOAWAY after ${most}`, () => {
    const bench = new ServerBench(setup)
    for (const bytes of before) bench.session.receive(bytes)
    let steps = 0
    while (bench.closed === null && steps < 5000)
      for (const bytes of step(steps++)) bench.session.receive(bytes)
    assert.equal(bench.closed, fault)
    assert.ok(steps >= least && steps <= most, `it took ${steps}`)
    assert.match(bench.transport.said().at(-1) ?? '', /^GOAWAY \d+ ENHANCE_YOUR_CALM$/)
    assert.equal(bench.transport.ended, true)
  })

for (const { what, step, before = [], most } of attacks.filter(
  attack =>
    !attack.fault.startsWith('head') &&
    attack.fault !== 'flood-continuations' &&
    attack.what !== 'streams above the limit',
))
  test(`${what}: at a tenth of the rate that is let through, the connection lives`, () => {
    const bench = new ServerBench()
    for (const bytes of before) bench.session.receive(bytes)
    for (let n = 0; n < most * 2; n++) {
      for (const bytes of step(n)) bench.session.receive(bytes)
      bench.nowMs += 10_000
    }
    assert.equal(bench.closed, null)
  })

test('limits are configurable', () => {
  const bench = new ServerBench({ limits: { pings: { burst: 2, perSecond: 1 } } })
  bench.says(ping(), ping())
  assert.equal(bench.closed, null)
  bench.nowMs += 1000
  bench.says(ping())
  assert.equal(bench.closed, null)
  bench.says(ping())
  assert.equal(bench.closed, 'flood-pings')
})

test('a bomb of indexed fields is answered 431, without being unpacked', () => {
  const bench = new ServerBench({ policy: { fieldCount: 100_000 } })
  // One entry of 4000 bytes, and 15,000 references of a byte to it: 60 MB of fields.
  const entry = Buffer.concat([
    Buffer.from([0x40, 1]),
    Buffer.from('x'),
    Buffer.from([127, 0xa1, 0x1e]),
    Buffer.alloc(4000, 'a'),
  ])
  const bomb = Buffer.concat([get(), entry, Buffer.alloc(12_000, 0xbe)])
  bench.says(headers(1, bomb.subarray(0, 16_384), bomb.length > 16_384 ? 1 : 5))
  if (bomb.length > 16_384) bench.says(continuation(1, bomb.subarray(16_384)))
  assert.deepEqual(bench.refused, ['head-size'])
  assert.equal(bench.closed, null)
})

test('answers that a client does not read are bounded in number', () => {
  const bench = new ServerBench({
    limits: { pings: { burst: 1_000_000, perSecond: 1 }, outputBytes: 1_000_000 },
  })
  bench.transport.slow = true
  let sent = 0
  while (bench.closed === null && sent < 5000) {
    bench.session.receive(ping())
    sent++
  }
  assert.equal(bench.closed, 'flood-answers')
  assert.ok(sent <= 1002, `after ${sent}`)
})

test('responses that a client does not read stop the reading of its requests', () => {
  const bench = new ServerBench()
  bench.transport.slow = true
  let answered = 0
  for (let n = 0; n < 2000 && !bench.transport.paused; n++) {
    bench.session.receive(headers(id(n), get()))
    bench.last.stream.head(localHead(404, ['x-filler', `${n}`.padEnd(400, 'x')], 0))
    bench.last.stream.end(null)
    bench.turn()
    answered++
  }
  assert.equal(bench.transport.paused, true)
  assert.ok(answered < 200, `${answered} responses wait`)
  bench.transport.slow = false
  bench.session.drained()
  assert.equal(bench.transport.paused, false)
})

test('a client that reads nothing at all for half a minute is gone', () => {
  const bench = new ServerBench()
  bench.session.receive(headers(1, get()))
  bench.transport.slow = true
  bench.session.receive(ping())
  bench.session.sweep(bench.nowMs + 29_000)
  assert.equal(bench.closed, null)
  bench.session.sweep(bench.nowMs + 31_000)
  assert.equal(bench.closed, 'write-timeout')
  assert.equal(bench.last.gone, true)
})

const head = { ...localHead(200, [], 0), length: CHUNKED, hasLength: false }

test('a stream whose window stays closed for 10 seconds is reset; one that moves is not', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 0]), headers(1, get()), headers(3, get()))
  for (const seen of bench.requests) {
    seen.stream.head(head)
    seen.stream.data(Buffer.alloc(100), 0, 100)
    seen.stream.end(null)
  }
  bench.turn()
  const from = bench.nowMs
  for (let seconds = 1; seconds <= 9; seconds++) {
    bench.session.sweep(from + seconds * 1000)
    assert.deepEqual(bench.says(windowUpdate(3, 1)), ['DATA 3 1'])
  }
  bench.session.sweep(from + 11_000)
  assert.deepEqual(bench.transport.said(), ['RST 1 CANCEL'])
  assert.equal(bench.session.streamCount, 1)
  const [first, second] = bench.requests
  assert.ok(first !== undefined && second !== undefined && second.stream.sentMs > from)
})

test('a stream that the connection’s window holds back is reset as well', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 1_000_000]), headers(1, get()))
  bench.last.stream.head(head)
  bench.last.stream.data(Buffer.alloc(70_000), 0, 70_000)
  bench.last.stream.flush()
  bench.turn()
  bench.session.sweep(bench.nowMs + 11_000)
  assert.deepEqual(bench.transport.said(), ['RST 1 CANCEL'])
  assert.equal(bench.last.gone, true)
})

test('streams that other connections hold make room here for fewer, and for one at least', () => {
  const shared = new SharedStreams({ streams: 100, waitingBytes: 1_000_000 })
  const [one, other] = [new ServerBench({ shared }), new ServerBench({ shared })]
  for (let n = 0; n < 60; n++) one.says(headers(id(n), get()))
  assert.equal(one.requests.length, 60)
  // 40 of 100 are left, so that a connection may have 80 of the 100 that it otherwise may; with every one, fewer.
  for (let n = 0; n < 40; n++) other.says(headers(id(n), get()))
  assert.equal(other.requests.length, 27)
  assert.deepEqual(
    other.malformed,
    Array.from({ length: 13 }, () => 'h2-streams'),
  )
  assert.deepEqual(one.says(headers(id(60), get())), ['RST 121 REFUSED_STREAM'])
  one.session.lost()
  assert.deepEqual(other.says(headers(id(40), get())), [])
  assert.equal(shared.open, 28)
})

test('streams beyond the limit are no errors until our settings are acknowledged, within a bound', () => {
  const burst = (bench: ServerBench, from: number, count: number): number => {
    const frames = Array.from({ length: count }, (_, n) => headers(id(from + n), get()))
    return bench.says(...frames).filter(line => line.endsWith(' REFUSED_STREAM')).length
  }
  const greeted = (): ServerBench => {
    const bench = new ServerBench({ raw: true, limits: { earlyStreams: 3000 } })
    bench.session.receive(Buffer.concat([PREFACE, settings()]))
    bench.transport.take()
    return bench
  }
  const bench = greeted()
  assert.equal(burst(bench, 0, 2000), 1900)
  assert.equal(bench.requests.length, 100)
  assert.deepEqual([bench.closed, bench.malformed.length], [null, 1900])
  bench.says(wire.settingsAck)
  burst(bench, 2000, 101)
  assert.equal(bench.closed, 'flood-errors')

  const endless = greeted()
  burst(endless, 0, 3200)
  assert.equal(endless.closed, null)
  burst(endless, 3200, 1)
  assert.equal(endless.closed, 'flood-errors')
})

test('a head that does not come to its end ends the connection', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get(), wire.END_STREAM))
  bench.session.sweep(bench.nowMs + 9_000)
  assert.equal(bench.closed, null)
  bench.session.sweep(bench.nowMs + 11_000)
  assert.equal(bench.closed, 'head-timeout')
})

for (const [what, bytes] of [
  ['HEADERS', headers(1, get())],
  ['SETTINGS', settings([3, 1], [4, 1])],
  ['an unknown type', frame(0xfa, 0, 0, 'x'.repeat(40))],
] as const)
  test(`a frame of ${what} that comes a byte at a time ends the connection`, () => {
    const bench = new ServerBench()
    for (let second = 0; bench.closed === null && second < bytes.length - 1; second++) {
      bench.session.receive(bytes.subarray(second, second + 1))
      bench.session.sweep((bench.nowMs += 1000))
    }
    assert.equal(bench.closed, 'head-timeout')
  })

test('frames of which every one is cut, and DATA that comes a byte at a time, end nothing', () => {
  const bench = new ServerBench({ limits: { pings: { burst: 1000, perSecond: 1 } } })
  bench.says(headers(1, post(), 4))
  const stream = Buffer.concat(Array.from({ length: 120 }, () => ping()))
  for (let at = 0; at < stream.length; at += 20) {
    bench.session.receive(stream.subarray(at, at + 20))
    bench.session.sweep((bench.nowMs += 1000))
  }
  assert.equal(bench.closed, null)
  const upload = data(1, 'x'.repeat(40))
  for (let at = 0; at < upload.length; at++) {
    bench.session.receive(upload.subarray(at, at + 1))
    bench.session.sweep((bench.nowMs += 1000))
  }
  assert.equal(bench.closed, null)
  assert.equal(bench.last.body.length, 40)
})

test('§6.5.3: settings that are not acknowledged end the connection', () => {
  const bench = new ServerBench({ raw: true })
  bench.session.receive(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings()]))
  bench.session.sweep(bench.nowMs + 11_000)
  assert.match(bench.transport.said().at(-1) ?? '', /SETTINGS_TIMEOUT/)
})

test('window updates that answer data of ours are no flood', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  const { stream } = bench.last
  stream.head(head)
  for (let i = 0; i < 3000; i++) {
    stream.data(Buffer.alloc(1000), 0, 1000)
    stream.flush()
    bench.turn()
    bench.says(windowUpdate(1, 500), windowUpdate(0, 500), windowUpdate(1, 500), windowUpdate(0, 500))
  }
  assert.equal(bench.closed, null)
})

test('a paused body is held within the windows, whatever the client sends', () => {
  const bench = new ServerBench({ limits: { errors: { burst: 10_000, perSecond: 1 } } })
  let sent = 0
  for (let n = 0; n < 90 && bench.closed === null; n++) {
    bench.session.receive(headers(id(n), post(), 4))
    bench.last.stream.pause()
    for (let i = 0; i < 4 && bench.closed === null; i++) {
      bench.session.receive(data(id(n), Buffer.alloc(16_383)))
      sent += 16_383
    }
  }
  assert.equal(bench.closed, 'window-exceeded')
  assert.ok(sent <= 1024 * 1024 + 16_384, `${sent} bytes were taken`)
})

test('fuzz: no sequence of frames is thrown at, loops, or leaves the session in between', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
    fc.constantFrom(
      get(),
      post(),
      post('content-length', '3'),
      block('x', 'y'),
      u32(1),
      u32(0, 0),
      Buffer.alloc(8),
      Buffer.alloc(0),
    ),
  )
  const any = fc.tuple(
    fc.integer({ min: 0, max: 10 }),
    fc.integer({ min: 0, max: 63 }),
    fc.constantFrom(0, 1, 2, 3, 5, 7, 9),
    payload,
  )
  const act = fc.constantFrom(
    'none',
    'answer',
    'abort',
    'pause',
    'resume',
    'sweep',
    'slow',
    'drained',
    'shutdown',
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(any, act), { maxLength: 40, size: 'max' }),
      fc.integer({ min: 1, max: 64 }),
      (steps, cut) => {
        const bench = new ServerBench()
        for (const [[type, flags, stream, bytes], what] of steps) {
          const all = frame(type, flags, stream, bytes)
          for (let at = 0; at < all.length; at += cut) bench.session.receive(all.subarray(at, at + cut))
          const seen = bench.requests[bench.nowMs++ % Math.max(1, bench.requests.length)]
          if (what === 'answer' && seen !== undefined) {
            seen.stream.head(head)
            seen.stream.data(Buffer.alloc(20_000), 0, 20_000)
            seen.stream.end(null)
          } else if (what === 'abort') seen?.stream.abort()
          else if (what === 'pause') seen?.stream.pause()
          else if (what === 'resume') seen?.stream.resume()
          else if (what === 'sweep') bench.session.sweep(bench.nowMs)
          else if (what === 'slow') bench.transport.slow = true
          else if (what === 'shutdown') bench.session.shutdown()
          else if (what === 'drained') {
            bench.transport.slow = false
            bench.session.drained()
          }
          bench.turn()
        }
        bench.session.lost()
        assert.notEqual(bench.closed, null)
        // Every request has ended: by its answer, or by being told that it is gone.
        assert.equal(bench.session.streamCount, 0)
        const { open, waitingBytes, headBytes, grantedBytes } = bench.session.shared
        assert.deepEqual([open, waitingBytes, headBytes, grantedBytes], [0, 0, 0, 0])
      },
    ),
    { numRuns: 1500 },
  )
})
