import assert from 'node:assert/strict'
import { test } from 'node:test'
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
}
