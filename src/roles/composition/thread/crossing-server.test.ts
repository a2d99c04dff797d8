import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalPort } from '../../../shared/crossing/crossing-port.ts'
import {
  ANSWER,
  DATA,
  END,
  REQUEST,
  type FromThread,
  type ToThread,
} from '../../../shared/crossing/messages.ts'
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

/** How many were answered in each turn of the loop, until `over`. */
async function turnsOf(answered: { count: number }, over: Promise<unknown>): Promise<readonly number[]> {
  const turns: number[] = []
  const look = (): void => {
    if (answered.count > 0) turns.push(answered.count)
    answered.count = 0
    looking = setImmediate(look)
  }
  let looking = setImmediate(look)
  await over
  clearImmediate(looking)
  return turns
}

test('of requests that take long behind their turn fewer and fewer are begun in one, and many again of others', async () => {
  const begun = { count: 0 }
  const { worker, all } = crossing(async ({ target }) => {
    begun.count++
    await Promise.resolve()
    if (target === '/slow') stand(12)
    return { status: 200, headers: {}, body: target }
  })
  const seen = turnsOf(begun, all(1_000))
  worker.postMessage(Array.from({ length: 20 }, (_, i) => request(i + 1, '/slow')))
  worker.postMessage(Array.from({ length: 980 }, (_, i) => request(i + 21)))
  const turns = await seen
  assert.deepEqual(turns.slice(0, 8), [8, 4, 2, 1, 1, 1, 1, 1])
  assert.ok(Math.max(...turns.slice(8)) >= 8, turns.join(' '))
})

test('long bodies that end at once are read in turns of their own', async () => {
  const read = { count: 0 }
  const few = ids.slice(0, 8)
  const { promise: come, resolve } = Promise.withResolvers<void>()
  let pieces = 0
  const { worker, all } = crossing(async ({ body, holding }) => {
    for await (const piece of body!) {
      holding!.add(piece.length)
      if (++pieces === few.length) resolve()
    }
    read.count++
    return { status: 200, headers: {}, body: 'read' }
  })
  const seen = turnsOf(read, all(few.length))
  worker.postMessage(
    few.map((id): ToThread => [REQUEST, id, 'POST', '/', [], '', Infinity, null, false, '', undefined]),
  )
  const body = new Uint8Array(5 * 1024 * 1024)
  worker.postMessage(few.map(id => [DATA, id, body]))
  await come
  worker.postMessage(few.map(id => [END, id, null]))
  assert.deepEqual(
    await seen,
    few.map(() => 1),
  )
})

test('a fault of a later turn ends the crossing, as one of the first does, and nothing else of the thread', async () => {
  const { worker, faults, closed } = crossing()
  const broken = [REQUEST, 40, 'GET', '/', undefined, '', Infinity, null, true, '', undefined]
  worker.postMessage([...ids.slice(0, 30).map(id => request(id, '/slow')), broken])
  await closed
  assert.equal(faults.length, 1)
  assert.ok(faults[0] instanceof TypeError)
})
