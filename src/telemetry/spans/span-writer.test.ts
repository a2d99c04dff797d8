import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { spanOf } from '../../../test/support/spans.ts'
import { NAMED_SPANS, SPANS, SpanWriter, type SpanBatch } from './span-writer.ts'

suite('spans of a thread', () => {
  for (const [what, text, most] of [
    ['many', '', 256],
    ['long', 'x'.repeat(64 * 1024), 4],
  ] as const)
    test(`are handed over at once when they are ${what}`, () => {
      const told: SpanBatch[] = []
      const writer = new SpanWriter((_, batch) => told.push(batch))
      for (let i = 0; i < 2 * most; i++) writer.add(spanOf({ text }))
      assert.deepEqual(
        told.map(({ count }) => count),
        [most, most],
      )
      writer.flush()
      assert.equal(told.length, 2)
    })

  test('go by whom they are for', () => {
    const told: unknown[] = []
    const writer = new SpanWriter((channel, batch) => {
      const spans = JSON.parse(`[${batch.text}]`) as readonly object[]
      told.push([channel, 'to' in batch ? batch.to : null, batch.count, spans.length])
    })
    for (const to of ['', 'a', '', 'b', 'a']) writer.add(spanOf(), to)
    writer.flush()
    assert.deepEqual(told, [
      [SPANS, null, 2, 2],
      [NAMED_SPANS, 'a', 2, 2],
      [NAMED_SPANS, 'b', 1, 1],
    ])
  })
})
