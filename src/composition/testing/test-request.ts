import type { TestAnswer } from './test-answer.ts'

type Check = (answer: TestAnswer) => unknown

/**
 * A request of a test, which is on its way: awaited it is the answer. What is expected of it may be said before:
 * `await t.get('/me/7').expect(200).json({ name: 'Ada' })`.
 */
export class TestRequest implements PromiseLike<TestAnswer> {
  /** Nobody has awaited it: what is expected of it was not looked at. */
  unseen = true
  private readonly answer: Promise<TestAnswer>
  private readonly checks: { readonly check: Check; readonly said: Error }[] = []

  constructor(answer: Promise<TestAnswer>) {
    this.answer = answer
    answer.catch(() => undefined)
  }

  expect(status: number): this {
    return this.add(answer => answer.expect(status), this.expect)
  }

  partial(names: readonly string[]): this {
    return this.add(answer => answer.partial(names), this.partial)
  }

  json(expected: unknown): this {
    return this.add(answer => answer.json(expected), this.json)
  }

  header(name: string, expected: string | RegExp | undefined): this {
    return this.add(answer => answer.header(name, expected), this.header)
  }

  problem(members: Readonly<Record<string, unknown>>): this {
    return this.add(answer => answer.problem(members), this.problem)
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is what is awaited
  then<A = TestAnswer, B = never>(
    onFulfilled?: ((answer: TestAnswer) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.unseen = false
    return this.checked().then(onFulfilled, onRejected)
  }

  private async checked(): Promise<TestAnswer> {
    const answer = await this.answer
    for (const { check, said } of this.checks)
      try {
        check(answer)
      } catch (error) {
        if (error instanceof Error)
          error.stack = `${error.name}: ${error.message}\n${said.stack?.split('\n').slice(1).join('\n') ?? ''}`
        throw error
      }
    return answer
  }

  /** A failure is to point at the line of the test that expects it. */
  private add(check: Check, from: (...args: never[]) => unknown): this {
    const said = new Error()
    Error.captureStackTrace(said, from)
    this.checks.push({ check, said })
    return this
  }
}
