import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Seen } from './until.ts'
import { readBody, TestUpstream } from './upstream.ts'

/** What a service was asked. */
export interface Question {
  readonly method: string
  readonly url: string
  /** Names and values as they came, in their order. */
  readonly raw: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** An authorization service of node:http, which remembers what it was asked. */
export class AuthService implements AsyncDisposable {
  private readonly seen: Seen<Question>
  private readonly upstream: TestUpstream

  private constructor(seen: Seen<Question>, upstream: TestUpstream) {
    this.seen = seen
    this.upstream = upstream
  }

  /** Lets everything pass unless it is told otherwise. */
  static async start(
    answer: (question: Question, response: ServerResponse) => void = (_, response) => response.end(),
  ): Promise<AuthService> {
    const seen = new Seen<Question>()
    const listener: RequestListener = (request, response) => {
      void readBody(request).then(body => {
        const { method = '', url = '', rawHeaders: raw, headers } = request
        const question = { method, url, raw, headers, body: body.toString('latin1') }
        seen.push(question)
        answer(question, response)
      })
    }
    return new AuthService(seen, await TestUpstream.start(listener))
  }

  get asked(): readonly Question[] {
    return this.seen.all
  }

  /** Resolves when it has been asked so often. */
  async count(wanted: number): Promise<void> {
    await this.seen.count(wanted)
  }

  get port(): number {
    return this.upstream.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]()
  }
}
