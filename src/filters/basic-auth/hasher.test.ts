import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { hashSync } from 'bcryptjs'
import { Hasher } from './hasher.ts'

const now = (): number => performance.now()
const hash = hashSync('secret', 4)
const begin = (): Worker => new Worker(new URL('./hash-thread.ts', import.meta.url))

test('where no thread can be begun nobody waits for one, and the next one tries again', async () => {
  let left = 2
  const hasher = new Hasher(now, () => {
    if (left-- > 0) throw new Error('ERR_WORKER_INIT_FAILED')
    return begin()
  })
  const first = [hasher.isRight('secret', hash, 'a'), hasher.isRight('secret', hash, 'b')]
  assert.deepEqual(await Promise.all(first), ['failed', 'failed'])
  assert.equal(await hasher.isRight('secret', hash, 'a'), true)
  hasher.stop()
})

test('a thread that has died is begun anew', async () => {
  const threads: Worker[] = []
  const hasher = new Hasher(now, () => {
    const thread = begin()
    threads.push(thread)
    return thread
  })
  const lost = hasher.isRight('secret', hash, 'a')
  const next = hasher.isRight('secret', hash, 'a')
  await threads[0]!.terminate()
  assert.deepEqual(await Promise.all([lost, next]), ['failed', true])
  assert.equal(threads.length, 2)
  hasher.stop()
})

test('what waits when it is stopped is answered by the same thread, which then ends', async () => {
  const threads: Worker[] = []
  const hasher = new Hasher(now, () => {
    const thread = begin()
    threads.push(thread)
    return thread
  })
  const asked = ['secret', 'Secret', 'secret'].map(password => hasher.isRight(password, hash, 'a'))
  const ended = once(threads[0]!, 'exit')
  hasher.stop()
  assert.deepEqual(await Promise.all(asked), [true, false, true])
  await ended
  assert.equal(threads.length, 1)
})
