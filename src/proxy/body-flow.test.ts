import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BodyNext, BodyTransform } from '../filters/body.ts'
import { Fields } from '../http/fields.ts'
import { BodyFlow } from './body-flow.ts'
import { HeldBodies } from './held-bodies.ts'

/** Adds one to each byte; `later`: in other turns of the event loop, a piece at a time. */
function adding(later: boolean) {
  return (next: BodyNext): BodyTransform => {
    const waiting: (() => void)[] = []
    let ready = true
    const step = (): void => {
      const run = waiting.shift()
      if (run === undefined) return next.resume()
      run()
      ready = next.flush()
      if (ready) setImmediate(step)
    }
    const put = (run: () => void): void => {
      if (!later) run()
      else if (waiting.push(run) === 1 && ready) setImmediate(step)
    }
    return {
      write(chunk) {
        const bytes = chunk.map(byte => byte + 1)
        put(() => next.write(Buffer.from(bytes)))
      },
      flush: () => (later ? waiting.length === 0 : next.flush()),
      end: trailers => put(() => next.end(trailers)),
      resume() {
        ready = true
        if (later) step()
        else next.resume()
      },
      destroy: () => {},
    }
  }
}

/** Takes little: after each flush it is slow until it is asked again. */
class Receiver {
  bytes: number[] = []
  ended = 0
  trailers: Fields | null = null
  private readonly slow: boolean
  private flow: BodyFlow | null = null

  constructor(slow: boolean) {
    this.slow = slow
  }

  of(flow: BodyFlow): this {
    this.flow = flow
    return this
  }

  write(chunk: Buffer): void {
    assert.equal(this.ended, 0, 'nothing comes after the end')
    this.bytes.push(...chunk)
  }

  flush(): boolean {
    if (this.slow) setImmediate(() => this.flow!.resume())
    return !this.slow
  }

  end(trailers: Fields | null): void {
    this.ended++
    this.trailers = trailers
  }
}

type Step = 'now' | 'later' | { readonly limitBytes: number }

const step = fc.oneof(
  fc.constantFrom<Step>('now', 'later'),
  fc.record({ limitBytes: fc.integer({ min: 0, max: 60 }) }),
)

test('whatever filters hold, change and wait for: all of it arrives, in order, once, with its end', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 5 }),
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      async (steps, pieces, slow, waits) => {
        const all = new HeldBodies()
        let paused = false
        const fail = (name: string): void => assert.fail(name)
        const flow = new BodyFlow(
          { resume: () => void (paused = false), fail },
          { share: 'a', displaced() {} },
          all,
        )
        const sent = pieces.flatMap(piece => [...piece])
        const trailers = new Fields(['X-Sum', '1'])

        const sender = (async () => {
          for (const piece of pieces) {
            while (paused) await turn()
            flow.write(Buffer.from(piece), false)
            if (!flow.flush()) paused = true
          }
          flow.end(trailers)
        })()

        let added = 0
        for (const one of steps) {
          if (waits) await turn()
          if (typeof one === 'string') {
            flow.transform(adding(one === 'later'))
            added++
          } else {
            const expected = sent.map(byte => (byte + added) % 256)
            const body = await new Promise<Buffer | null>(resolve =>
              flow.hold({ ...one, over: 'pass' }, resolve),
            )
            if (sent.length > one.limitBytes) assert.equal(body, null)
            else assert.deepEqual([...(body ?? [])], expected)
          }
        }
        const receiver = new Receiver(slow).of(flow)
        flow.open(receiver)
        flow.begin()
        await sender
        for (let i = 0; i < 500 && receiver.ended === 0; i++) await turn()
        assert.deepEqual(
          receiver.bytes,
          sent.map(byte => (byte + added) % 256),
        )
        assert.deepEqual([receiver.ended, receiver.trailers], [1, trailers])
        flow.destroy()
        assert.equal(all.bytes, 0)
      },
    ),
    { numRuns: 150 },
  ))
