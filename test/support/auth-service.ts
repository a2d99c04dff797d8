import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
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
  readonly asked: readonly Question[]
  readonly upstream: TestUpstream

  private constructor(asked: readonly Question[], upstream: TestUpstream) {
    this.asked = asked
    this.upstream = upstream
  }

  /** Lets everything pass unless it is told otherwise. */
  static async start(
    answer: (question: Question, response: ServerResponse) => void = (_, response) => response.end(),
  ): Promise<AuthService> {
    const asked: Question[] = []
    const listener: RequestListener = (request, response) => {
      void readBody(request).then(body => {
        const { method = '', url = '', rawHeaders: raw, headers } = request
        const question = { method, url, raw, headers, body: body.toString('latin1') }
        asked.push(question)
        answer(question, response)
      })
    }
    return new AuthService(asked, await TestUpstream.start(listener))
  }

  get port(): number {
    return this.upstream.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]()
  }
}
