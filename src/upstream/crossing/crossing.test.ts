import assert from 'node:assert/strict'
import { MessageChannel } from 'node:worker_threads'
import { test } from 'node:test'
import { ANSWER, type FromThread } from '../../shared/crossing/messages.ts'
import { Crossing, type Crosser } from './crossing.ts'
import { fieldsOf } from './head.ts'

const limits = { fieldBytes: 1000, headBytes: 10_000, fieldCount: 100 }

/** Tells what becomes of a request, by the code that reads real answers. */
class Asked implements Crosser {
  id = 0
  readonly waitingBytes = 0
  readonly over = Promise.withResolvers<string>()

  answered(status: number, list: readonly string[]): void {
    assert.ok(fieldsOf(list, limits, false))
    this.over.resolve(String(status))
  }

  fail(failure: string): void {
    this.over.resolve(failure)
  }

  going(): void {}
  upgraded(): void {}
  received(): void {}
  ended(): void {}
  credited(): void {}
}

test('an answer that is none fails its request alone, and not the worker', async () => {
  const { port1, port2 } = new MessageChannel()
  const crossing = new Crossing(port1)
  port1.ref()
  const [bad, good] = [new Asked(), new Asked()]
  const answer = (to: Asked, value: unknown): FromThread => {
    to.id = crossing.nextId()
    crossing.add(to)
    return [ANSWER, to.id, 200, ['x-a', value], -1, null, true] as FromThread
  }
  port2.postMessage([answer(bad, undefined), answer(good, 'b')])
  assert.deepEqual(await Promise.all([bad.over.promise, good.over.promise]), ['bundle_terminated', '200'])
  assert.equal(crossing.lost, null)
  port2.close()
})

test('what the codec writes itself is no field of an answer, whatever the case of its name', () => {
  const fields = fieldsOf(['Content-Length', '3', 'Transfer-Encoding', 'chunked', 'X-A', 'b'], limits, false)
  assert.deepEqual(fields!.list, ['X-A', 'b'])
})
