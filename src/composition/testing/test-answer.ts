import assert from 'node:assert/strict'
import type { GatewayAnswer } from '../engine/messages.ts'
import type { Trace } from './trace.ts'

export interface WholeAnswer extends Pick<GatewayAnswer, 'status' | 'headers'> {
  readonly text: string
}

/** What a request of a test was answered. */
export class TestAnswer {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly trace: Trace
  /** What the composition did wrong meanwhile: the reason for a 500, which clients are not told. */
  readonly mistakes: readonly unknown[]

  constructor({ status, headers, text }: WholeAnswer, trace: Trace, mistakes: readonly unknown[]) {
    this.status = status
    this.headers = headers
    this.text = text
    this.trace = trace
    this.mistakes = mistakes
  }

  get body(): unknown {
    return this.text === '' ? undefined : (JSON.parse(this.text) as unknown)
  }

  expect(status: number): this {
    assert.equal(this.status, status, `expected ${status}, got ${this.status}\n${this.story}`)
    return this
  }

  /** It says by its field that these parts are missing, in whatever order; none: that nothing is. */
  partial(names: readonly string[]): this {
    const said = this.headers['x-portcullis-partial']?.split(', ') ?? []
    assert.deepEqual(said.sort(), [...names].sort(), this.story)
    return this
  }

  json(expected: unknown): this {
    assert.deepEqual(this.body, expected, undefined)
    return this
  }

  header(name: string, expected: string | RegExp | undefined): this {
    const value = this.headers[name.toLowerCase()]
    if (expected instanceof RegExp) assert.match(value ?? '', expected)
    else assert.equal(value, expected, name)
    return this
  }

  /** A problem (RFC 9457) with these members among its own. */
  problem(members: Readonly<Record<string, unknown>>): this {
    assert.equal(this.headers['content-type'], 'application/problem+json', this.story)
    assert.partialDeepStrictEqual(this.body, members)
    return this
  }

  /** What was answered, its calls, and what was done wrong. */
  get story(): string {
    const mistakes = this.mistakes.map(one =>
      one instanceof Error ? (one.stack ?? one.message) : String(one),
    )
    return [this.text, this.trace.text, ...mistakes].filter(part => part !== '').join('\n')
  }
}
