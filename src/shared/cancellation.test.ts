import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Canceller, type Cancellation } from './cancellation.ts'

/** What holds for the platform's own must hold for ours. */
const kinds: Readonly<Record<string, () => [Cancellation, (reason: unknown) => void]>> = {
  Canceller: () => {
    const one = new Canceller()
    return [one, reason => one.abort(reason)]
  },
  AbortController: () => {
    const one = new AbortController()
    return [one.signal, reason => one.abort(reason)]
  },
}

for (const [name, make] of Object.entries(kinds)) {
  test(`${name}: all who listen are told once, with the first reason`, () => {
    const [signal, abort] = make()
    const told: string[] = []
    for (const who of ['a', 'b', 'c'])
      signal.addEventListener('abort', () => told.push(`${who} ${String(signal.reason)}`))
    abort('gone')
    abort('late')
    assert.deepEqual(told, ['a gone', 'b gone', 'c gone'])
    assert.equal(signal.aborted, true)
    assert.equal(signal.reason, 'gone')
  })

  test(`${name}: who has stopped listening is not told, nor who begins too late`, () => {
    const [signal, abort] = make()
    const told: string[] = []
    const [first, second, third] = ['a', 'b', 'c'].map(who => () => void told.push(who))
    for (const listener of [first!, second!, third!]) signal.addEventListener('abort', listener)
    signal.removeEventListener('abort', first!)
    signal.removeEventListener('abort', third!)
    assert.equal(signal.aborted, false)
    abort('gone')
    signal.addEventListener('abort', first!)
    assert.deepEqual(told, ['b'])
  })

  test(`${name}: who is removed by another meanwhile is not told, and who is added twice is told once`, () => {
    const [signal, abort] = make()
    const told: string[] = []
    const gone = () => told.push('gone')
    const third = () => told.push('third')
    const second = () => told.push('second')
    const first = () => {
      told.push('first')
      signal.removeEventListener('abort', third)
    }
    signal.addEventListener('abort', gone)
    signal.addEventListener('abort', first)
    signal.removeEventListener('abort', gone)
    for (const listener of [second, third, second, first]) signal.addEventListener('abort', listener)
    abort('gone')
    assert.deepEqual(told, ['first', 'second'])
  })
}

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
  // What it has sent has come once it has ended; its error can be ahead of that.
  const [[error]] = (await Promise.all([
    once(worker, 'error'),
    new Promise(resolve => worker.once('exit', resolve)),
  ])) as [[Error], unknown]
  assert.equal(error.message, 'a mistake')
  assert.deepEqual(messages, ['told', 'aborted'])
})
