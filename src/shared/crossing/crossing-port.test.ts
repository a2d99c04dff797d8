import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalPort } from './crossing-port.ts'

const pair = (onFault = (error: unknown) => assert.ifError(error)) => LocalPort.pair(onFault)

test('what is said before anybody hears is kept for who hears, in its order', () => {
  const [here, there] = pair()
  const heard: unknown[] = []
  here.postMessage([1])
  here.postMessage([2])
  there.on('message', batch => heard.push(batch))
  here.postMessage([3])
  assert.deepEqual(heard, [[1], [2], [3]])
})

test('either side hears once that it has ended, whoever ended it, and nothing of what is said then', async () => {
  const [here, there] = pair()
  const told: string[] = []
  here.on('close', () => told.push('here'))
  there.on('close', () => told.push('there'))
  there.on('message', () => told.push('message'))
  there.close()
  here.close()
  here.postMessage([1])
  await Promise.resolve()
  assert.deepEqual(told.sort(), ['here', 'there'])
})

test('a mistake of one side is told, and ends the crossing, and is nothing to who said it', async () => {
  const mistake = new Error('mistake')
  const faults: unknown[] = []
  const [here, there] = pair(error => faults.push(error))
  const closed = new Promise<void>(resolve => here.on('close', () => resolve()))
  there.on('message', () => {
    throw mistake
  })
  here.postMessage([1])
  here.postMessage([2])
  await closed
  assert.deepEqual(faults, [mistake])
})
