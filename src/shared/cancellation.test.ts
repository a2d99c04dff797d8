import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Canceller, type Cancellation } from './cancellation.ts'

/** What an AbortSignal does, and one of ours as well. */
const both = (): readonly (readonly [name: string, cancellation: Cancellation, abort: () => void])[] => {
  const canceller = new Canceller()
  const controller = new AbortController()
  return [
    ['ours', canceller, () => canceller.abort('why')],
    ['the platform’s', controller.signal, () => controller.abort('why')],
  ]
}

suite('a cancellation tells its listeners', () => {
  for (const [name, cancellation, abort] of both())
    test(`in order, once, and not one that another has removed: ${name}`, () => {
      const told: string[] = []
      const third = () => told.push('third')
      const second = () => told.push('second')
      const first = () => {
        told.push('first')
        cancellation.removeEventListener('abort', third)
      }
      for (const listener of [first, second, third, second, first])
        cancellation.addEventListener('abort', listener)
      abort()
      abort()
      assert.deepEqual(told, ['first', 'second'])
    })

  for (const [name, cancellation, abort] of both())
    test(`in order, also where the first was removed before: ${name}`, () => {
      const told: string[] = []
      const gone = () => told.push('gone')
      cancellation.addEventListener('abort', gone)
      cancellation.addEventListener('abort', () => told.push('first'))
      cancellation.removeEventListener('abort', gone)
      cancellation.addEventListener('abort', () => told.push('second'))
      abort()
      assert.deepEqual(told, ['first', 'second'])
    })

  test('all of them where one throws, which is reported as of any EventTarget', async () => {
    const code = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(new URL('./cancellation.ts', import.meta.url).href)}).then(({ Canceller }) => {
        const canceller = new Canceller()
        canceller.addEventListener('abort', () => { throw new Error('a mistake') })
        canceller.addEventListener('abort', () => parentPort.postMessage('told'))
        canceller.abort('why')
        parentPort.postMessage('aborted')
      })`
    const worker = new Worker(code, { eval: true })
    const messages: unknown[] = []
    worker.on('message', message => messages.push(message))
    const [error] = (await once(worker, 'error')) as [Error]
    assert.equal(error.message, 'a mistake')
    assert.deepEqual(messages, ['told', 'aborted'])
  })
})
