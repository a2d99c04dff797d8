import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalPort } from '../../../shared/crossing/crossing-port.ts'
import { ANSWER, REQUEST, type FromThread, type ToThread } from '../../../shared/crossing/messages.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { serveCrossing, type Answering } from './crossing-server.ts'

const request = (id: number, target = '/'): ToThread =>
  [REQUEST, id, 'GET', target, [], '', Infinity, null, true, '', undefined] as const

/** It keeps its thread for longer than a turn may take. */
const slowly: Answering = ({ target }) => {
  const untilMs = performance.now() + 2
  while (target === '/slow' && performance.now() < untilMs);
  return Promise.resolve({ status: 200, headers: {}, body: target })
}

function crossing() {
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
  const server = serveCrossing(thread, slowly, systemClock)
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

test('a fault of a later turn ends the crossing, as one of the first does, and nothing else of the thread', async () => {
  const { worker, faults, closed } = crossing()
  const broken = [REQUEST, 40, 'GET', '/', undefined, '', Infinity, null, true, '', undefined]
  worker.postMessage([...ids.slice(0, 30).map(id => request(id, '/slow')), broken])
  await closed
  assert.equal(faults.length, 1)
  assert.ok(faults[0] instanceof TypeError)
})
