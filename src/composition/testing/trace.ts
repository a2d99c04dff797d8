import assert from 'node:assert/strict'
import type { CallRecord } from '../calls/call-record.ts'

interface Step {
  readonly record: CallRecord
  readonly began: number
  ended: number
}

/**
 * The calls of one request, in the order in which they began. What was before what is known by the order of events, not
 * by time: by a virtual clock most of it takes none. `Name` is of the calls of the gateway, `users GET /users/{id}`.
 */
export class Trace<Name extends string = string> {
  private readonly steps: Step[] = []
  private events = 0

  began(record: CallRecord): void {
    this.steps.push({ record, began: this.events++, ended: Infinity })
  }

  ended(record: CallRecord): void {
    const step = this.steps.find(one => one.record === record)
    if (step !== undefined) step.ended = this.events++
  }

  get calls(): readonly CallRecord[] {
    return this.steps.map(({ record }) => record)
  }

  /** All of them were in flight at once. */
  expectParallel(...names: readonly Name[]): this {
    const steps = names.map(name => this.step(name))
    const lastBegan = Math.max(...steps.map(({ began }) => began))
    const firstEnded = Math.min(...steps.map(({ ended }) => ended))
    assert.ok(lastBegan < firstEnded, `expected at once: ${names.join(', ')}\n${this.text}`)
    return this
  }

  /** Each began when the one before it had ended. */
  expectSequence(...names: readonly Name[]): this {
    const steps = names.map(name => this.step(name))
    for (const [i, step] of steps.entries())
      assert.ok(
        i === 0 || steps[i - 1]!.ended < step.began,
        `expected one after another: ${names.join(', ')}\n${this.text}`,
      )
    return this
  }

  /** These calls and no others, in whatever order, each as often as it is named. */
  expectCalls(...names: readonly Name[]): this {
    assert.deepEqual(this.steps.map(({ record }) => record.call).sort(), [...names].sort(), this.text)
    return this
  }

  /** The first call of this name ended so: `ok`, or the name of a failure (`cancelled`, `http_response_timeout`). */
  expectOutcome(name: Name, outcome: string): this {
    assert.equal(this.step(name).record.outcome, outcome, `${name}\n${this.text}`)
    return this
  }

  /** The first call of this name took so many attempts. */
  expectAttempts(name: Name, attempts: number): this {
    assert.equal(this.step(name).record.attempts, attempts, `${name}\n${this.text}`)
    return this
  }

  /** A line for each call, for who reads what went wrong. */
  get text(): string {
    return this.steps.map(({ record }) => lineOf(record)).join('\n')
  }

  private step(name: Name): Step {
    const step = this.steps.find(({ record }) => record.call === name)
    assert.ok(step, `"${name}" was not called\n${this.text}`)
    return step
  }
}

function lineOf({ call, startedMs, endedMs, outcome, status, attempts }: CallRecord): string {
  const time = `${startedMs}–${endedMs ?? '…'} ms`
  return `  ${call}  ${time}  ${outcome ?? 'in flight'}${status === null ? '' : ` ${status}`}${attempts > 1 ? ` after ${attempts} attempts` : ''}`
}
