import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Instruments } from '../telemetry/instruments.ts'
import { MetricsWriter } from '../telemetry/metrics.ts'
import { Epochs } from './epochs.ts'
import type { Finished, Observer } from './observe.ts'

const begin = (): Epochs =>
  new Epochs({ instruments: new Instruments(new MetricsWriter(undefined, () => {})), accessLog: null })

/** An exchange that met no rule. */
const over = {
  status: 200,
  failure: null,
  span: null,
  rejection: '',
  callStatus: -1,
  rule: null,
  run: null,
  requestBytes: 0,
  responseBytes: 0,
  startedMs: 0,
} satisfies Partial<Finished> as unknown as Finished

function follow(epochs: Epochs, change: () => void = () => {}): Observer {
  const { current } = epochs
  epochs.next()
  change()
  epochs.settle()
  return current
}

test('what leaves is closed with the last exchange of its epochs, and no other hinders it', () => {
  const epochs = begin()
  const closed: string[] = []
  const leave = (since: number, name: string): void => epochs.leave(since, () => void closed.push(name))
  // Of the first epoch one goes on for as long as this test.
  epochs.current.began()
  follow(epochs)
  epochs.current.began()
  const second = follow(epochs, () => {
    leave(0, 'from the first')
    leave(1, 'from the second')
  })
  assert.deepEqual(closed, [])
  follow(epochs, () => leave(2, 'from the third'))
  assert.deepEqual(closed, ['from the third'])
  assert.equal(epochs.active, 2)
  second.finished(over)
  assert.deepEqual(closed, ['from the third', 'from the second'])
  assert.equal(epochs.active, 1)
})

test('until an epoch is settled, exchanges begin in the one before', () => {
  const epochs = begin()
  const first = epochs.current
  const closed: string[] = []
  epochs.next()
  epochs.leave(0, () => void closed.push('rule'))
  first.began()
  first.finished(over)
  first.began()
  epochs.settle()
  assert.deepEqual(closed, [])
  first.finished(over)
  assert.deepEqual(closed, ['rule'])
})
