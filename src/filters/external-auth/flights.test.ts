import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flights } from './flights.ts'

/** Questions that are answered by hand. */
function asker() {
  const asked: {
    readonly signal: AbortSignal
    readonly answer: (text: string) => void
    readonly fail: () => void
  }[] = []
  const ask = (signal: AbortSignal): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    asked.push({ signal, answer: resolve, fail: () => reject(new Error('failed')) })
    return promise
  }
  return { asked, ask }
}

const never = new AbortController().signal

test('the same question is asked once, and answered to all', async () => {
  const flights = new Flights<string>()
  const { asked, ask } = asker()
  const all = [flights.join('k', never, ask), flights.join('k', never, ask)]
  assert.equal(asked.length, 1)
  asked[0]!.answer('yes')
  assert.deepEqual(await Promise.all(all), ['yes', 'yes'])
  assert.equal(flights.size, 0)
})

test('another question is another flight', () => {
  const flights = new Flights<string>()
  const { asked, ask } = asker()
  void flights.join('a', never, ask)
  void flights.join('b', never, ask)
  assert.equal(asked.length, 2)
})

test('whoever leaves takes nobody with them, the first included', async () => {
  const flights = new Flights<string>()
  const { asked, ask } = asker()
  const first = new AbortController()
  const left = flights.join('k', first.signal, ask)
  const stays = flights.join('k', never, ask)
  first.abort(new Error('gone'))
  await assert.rejects(left, { message: 'gone' })
  assert.equal(asked[0]!.signal.aborted, false)
  asked[0]!.answer('yes')
  assert.equal(await stays, 'yes')
})

test('with the last one the question is given up, and the next one asks anew', async () => {
  const flights = new Flights<string>()
  const { asked, ask } = asker()
  const both = [new AbortController(), new AbortController()]
  const left = both.map(({ signal }) => flights.join('k', signal, ask))
  for (const one of both) one.abort(new Error('gone'))
  assert.equal(asked[0]!.signal.aborted, true)
  const next = flights.join('k', never, ask)
  assert.equal(asked.length, 2)
  asked[0]!.fail()
  asked[1]!.answer('yes')
  assert.equal(await next, 'yes')
  assert.deepEqual(
    (await Promise.allSettled(left)).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
})

test('a failure is everybody’s', async () => {
  const flights = new Flights<string>()
  const { asked, ask } = asker()
  const all = [flights.join('k', never, ask), flights.join('k', never, ask)]
  asked[0]!.fail()
  for (const one of all) await assert.rejects(one, { message: 'failed' })
  assert.equal(flights.size, 0)
})

test('who has gone already does not ask', async () => {
  const flights = new Flights<string>()
  const { asked, ask } = asker()
  await assert.rejects(flights.join('k', AbortSignal.abort(new Error('gone')), ask), { message: 'gone' })
  assert.equal(asked.length, 0)
})
