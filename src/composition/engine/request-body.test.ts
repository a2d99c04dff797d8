import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { defineGateway } from '../composition.ts'
import { StubTransport } from '../testing/stub-transport.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Engine } from './engine.ts'

/** A body of which there is one chunk, and then nothing more for as long as anybody waits. */
class Endless implements AsyncIterable<Uint8Array> {
  asked = 0
  returned = 0
  private settle: (() => void) | null = null

  /** What is waited for comes, when it is too late. */
  end(): void {
    this.settle?.()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => {
        if (this.asked++ === 0) return Promise.resolve({ done: false, value: Buffer.from('1') })
        return new Promise(resolve => {
          this.settle = () => resolve({ done: true, value: undefined })
        })
      },
      // What waits for a client that says nothing may not end itself.
      return: () => {
        this.returned++
        return new Promise(() => undefined)
      },
    }
  }
}

function bench(limitBytes = 100) {
  const clock = new VirtualClock()
  const ran: string[] = []
  const gateway = defineGateway({
    backends: {},
    timeoutMs: 1_000,
    limitBytes,
    before: [() => void ran.push('before')],
    routes: r => [
      r.post('/', {
        in: { body: T.Integer() },
        out: T.Integer(),
        run({ body }) {
          ran.push('run')
          return body
        },
      }),
    ],
  })
  const engine = new Engine(gateway, { transport: new StubTransport(clock), clock })
  const ask = (body: AsyncIterable<Uint8Array>, signal?: AbortSignal) =>
    clock.during(
      engine.answer({
        method: 'POST',
        target: '/',
        headers: { 'content-type': 'application/json' },
        body,
        ...(signal && { signal }),
      }),
    )
  return { clock, ran, ask }
}

const turns = async () => {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}

suite('the body of a request that does not end', () => {
  test('is let go at the deadline, and the route does not run', async () => {
    const { clock, ran, ask } = bench()
    const body = new Endless()
    const { status } = await ask(body)
    assert.deepEqual([status, clock.now(), body.returned], [504, 1_000, 1])
    body.end()
    await turns()
    assert.deepEqual(ran, [])
  })

  test('is let go when the client leaves, and the route does not run', async () => {
    const { clock, ran, ask } = bench()
    const body = new Endless()
    const client = new AbortController()
    clock.after(100, () => client.abort())
    const { status } = await ask(body, client.signal)
    assert.deepEqual([status, clock.now(), body.returned], [499, 100, 1])
    body.end()
    await turns()
    assert.deepEqual(ran, [])
  })

  test('is not begun where the client has gone already', async () => {
    const { ran, ask } = bench()
    const body = new Endless()
    const { status } = await ask(body, AbortSignal.abort())
    await turns()
    assert.deepEqual([status, body.asked, ran], [499, 0, []])
  })

  test('is let go where it is too long, and the answer does not wait for that', async () => {
    const { clock, ask } = bench(0)
    const body = new Endless()
    const { status } = await ask(body)
    assert.deepEqual([status, clock.now(), body.returned], [413, 0, 1])
  })

  test('is asked for nothing more, where what it waited for comes too late', async () => {
    const { ask } = bench()
    let late!: (chunk: IteratorResult<Uint8Array>) => void
    let asked = 0
    const next = () => {
      asked++
      return new Promise<IteratorResult<Uint8Array>>(resolve => {
        late = resolve
      })
    }
    const { status } = await ask({ [Symbol.asyncIterator]: () => ({ next }) })
    late({ done: false, value: Buffer.from('1') })
    await turns()
    assert.deepEqual([status, asked], [504, 1])
  })
})

test('of the steps of a route none begins when its request is over', async () => {
  const clock = new VirtualClock()
  const ran: string[] = []
  let goOn!: () => void
  const gateway = defineGateway({
    backends: {},
    before: [() => new Promise<void>(resolve => (goOn = resolve)), () => void ran.push('before')],
    after: [() => void ran.push('after')],
    routes: r => [r.get('/', { out: T.Null(), run: () => void ran.push('run') as unknown as null })],
  })
  const engine = new Engine(gateway, { transport: new StubTransport(clock), clock })
  const { status } = await clock.during(
    engine.answer({ method: 'GET', target: '/', headers: {}, body: null }),
  )
  goOn()
  await turns()
  assert.deepEqual([status, ran], [504, []])
})
