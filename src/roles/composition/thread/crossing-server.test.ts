import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalPort } from '../../../shared/crossing/crossing-port.ts'
import { ANSWER, REQUEST, type FromThread, type ToThread } from '../../../shared/crossing/messages.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { serveCrossing, type Answering } from './crossing-server.ts'

const request = (id: number, target = '/'): ToThread =>
  [REQUEST, id, 'GET', target, [], '', Infinity, null, true, '', undefined] as const

const stand = (ms: number): void => {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

/** It keeps its thread for longer than a turn may take. */
const slowly: Answering = ({ target }) => {
  if (target === '/slow') stand(2)
  return Promise.resolve({ status: 200, headers: {}, body: target })
}

function crossing(answering = slowly) {
  const faults: unknown[] = []
  const [worker, thread] = LocalPort.pair(error => faults.push(error))
  const answered: number[] = []
  const all = (count: number) =>
    new Promise<readonly number[]>(resolve => {
      worker.on('message', (batch: readonly FromThread[]) => {
        for (const message of batch) if (message[0] === ANSWER) answered.push(message[1])
        if (answered.length === count) resolve(answered)
      })
    })
  const closed = new Promise<void>(resolve => worker.on('close', () => resolve()))
  const server = serveCrossing(thread, answering, systemClock)
  return { worker, server, faults, all, closed }
}

const ids = Array.from({ length: 40 }, (_, i) => i + 1)

test('what does not fit in a turn is answered in later ones, in its order', async () => {
  const { worker, server, all } = crossing()
  const answers = all(ids.length)
  worker.postMessage(ids.slice(0, 30).map(id => request(id, '/slow')))
  worker.postMessage(ids.slice(30).map(id => request(id)))
  assert.deepEqual(await answers, ids)
  assert.equal(server.active, 0)
})

test('of requests that take long behind their turn fewer and fewer are begun in one, and many again of others', async () => {
  let begun = 0
  const { worker, all } = crossing(async ({ target }) => {
    begun++
    await Promise.resolve()
    if (target === '/slow') stand(12)
    return { status: 200, headers: {}, body: target }
  })
  const turns: number[] = []
  const look = (): void => {
    if (begun > 0) turns.push(begun)
    begun = 0
    looking = setImmediate(look)
  }
  let looking = setImmediate(look)
  const answers = all(1_000)
  worker.postMessage(Array.from({ length: 20 }, (_, i) => request(i + 1, '/slow')))
  worker.postMessage(Array.from({ length: 980 }, (_, i) => request(i + 21)))
  await answers
  clearImmediate(looking)
  assert.deepEqual(turns.slice(0, 8), [8, 4, 2, 1, 1, 1, 1, 1])
  assert.ok(Math.max(...turns.slice(8)) >= 8, turns.join(' '))
})

test('a fault of a later turn ends the crossing, as one of the first does, and nothing else of the thread', async () => {
  const { worker, faults, closed } = crossing()
  const broken = [REQUEST, 40, 'GET', '/', undefined, '', Infinity, null, true, '', undefined]
  worker.postMessage([...ids.slice(0, 30).map(id => request(id, '/slow')), broken])
  await closed
  assert.equal(faults.length, 1)
  assert.ok(faults[0] instanceof TypeError)
})
