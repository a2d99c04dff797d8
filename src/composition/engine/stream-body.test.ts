import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../test/support/clock.ts'
import { negotiated } from '../streams/formats.ts'
import { StreamItem } from '../streams/item.ts'
import type { Course } from './course.ts'
import type { Feed, Piece } from './feed.ts'
import { StreamBody } from './stream-body.ts'
import { WrittenItem } from './written-item.ts'

const item = new WrittenItem(new StreamItem(1, null, null), '1')

/** A body of which the test says what comes when, and the chunks of it with their times. */
function scene(accept = 'text/event-stream') {
  const clock = new FakeClock()
  const takers: ((piece: Piece) => void)[] = []
  const cancelled: string[] = []
  let stopped = 0
  const body = new StreamBody({
    course: { scope: { cancel: (reason: Error) => cancelled.push(reason.name) } } as unknown as Course,
    clock,
    feed: {
      take: (taker: (piece: Piece) => void) => takers.push(taker),
      stop: () => stopped++,
    } as unknown as Feed,
    format: negotiated(accept)!,
    problem: () => '{}',
    keepaliveMs: 15_000,
    stallMs: 60_000,
  })
  return {
    clock,
    body,
    cancelled,
    gives: (piece: Piece) => takers.shift()!(piece),
    asked: () => takers.length,
    stopped: () => stopped,
    text: async () => {
      const { value } = await body.next()
      return value === undefined ? null : Buffer.from(value).toString()
    },
  }
}

test('silence is said once in its time, counted from when the client began to wait', async () => {
  const s = scene()
  const came = s.text()
  s.clock.advance(14_999)
  s.gives(item)
  assert.equal(await came, 'data: 1\n\n')
  for (let n = 0; n < 3; n++) {
    let said: string | null = ''
    const next = s.text().then(text => (said = text))
    s.clock.advance(14_999)
    await new Promise(setImmediate)
    assert.equal(said, '')
    s.clock.advance(1)
    await next
    assert.equal(said, ':\n\n')
  }
  assert.equal(s.asked(), 1, 'the route is asked once for the item that is still to come')
  s.gives(item)
  assert.equal(await s.text(), 'data: 1\n\n')
})

test('no silence is said to who does not ask, nor in a format that has no place for it', async () => {
  const s = scene()
  const first = s.text()
  s.gives(item)
  await first
  s.clock.advance(50_000)
  const next = s.text()
  s.clock.advance(14_000)
  s.gives(item)
  assert.equal(await next, 'data: 1\n\n')

  const lines = scene('application/x-ndjson')
  const line = lines.text()
  lines.clock.advance(1_000_000)
  lines.gives(item)
  assert.equal(await line, '1\n')
})

test('who takes nothing while there is something is let go, and waiting is no such thing', async () => {
  const s = scene()
  const first = s.text()
  s.gives(item)
  await first
  s.clock.advance(59_999)
  assert.deepEqual(s.cancelled, [])
  s.clock.advance(1)
  assert.equal(s.cancelled.length, 1)
})

test('no timer is left when it is over', async () => {
  const s = scene()
  const first = s.text()
  s.gives({ kind: 'end' })
  assert.equal(await first, null)
  assert.deepEqual([s.clock.waits.length, s.stopped()], [0, 1])

  const gone = scene()
  void gone.text()
  await gone.body.return()
  assert.deepEqual([gone.clock.waits.length, gone.stopped()], [0, 1])
  assert.equal(await gone.text(), null)
})
