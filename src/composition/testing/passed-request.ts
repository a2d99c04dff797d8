import assert from 'node:assert/strict'
import { bodyFields, isBodiless } from '../../http/body-fields.ts'
import type { FailureName } from '../../http/failures.ts'
import { Fields } from '../../http/fields.ts'
import type { FilterCall, Passes } from '../../shared/crossing/filtering.ts'
import { changeFields, checkChange } from '../../shared/crossing/verdict.ts'
import { lowerCased } from '../backends/backend.ts'
import { failed, instead, recordOf, textOf, type FilterBench } from './filter-bench.ts'
import { TestAnswer } from './test-answer.ts'
import { contentOf, once, tooLong } from './test-content.ts'
import { TestRequest } from './test-request.ts'

/** A request on its way past a filter, as that has left it. */
export interface Exchange {
  readonly bench: FilterBench
  readonly call: FilterCall
  /** A test is to look at it. */
  readonly add: (request: TestRequest) => void
}

export interface RespondOptions {
  /** By what the gateway made the answer itself (docs/reference/failures.md). */
  readonly failure?: FailureName
  /** The body, in place of one that is given whole. */
  readonly pieces?: readonly (Uint8Array | string)[]
}

/** A request as a filter lets it go on. */
export class PassedRequest {
  readonly method: string
  readonly host: string
  readonly path: string
  /** With its leading `?`, or empty. */
  readonly query: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Of the body, as they went on. */
  readonly pieces: readonly Uint8Array[]
  /** What is left for the answer. */
  readonly state: unknown
  private readonly exchange: Exchange

  constructor(exchange: Exchange, { state }: Passes, pieces: readonly Uint8Array[]) {
    const { method, host, path, query, fields } = exchange.call
    this.exchange = exchange
    this.method = method
    this.host = host
    this.path = path
    this.query = query
    this.headers = recordOf(new Fields([...fields]))
    this.pieces = pieces
    this.state = state
  }

  get text(): string {
    return textOf(this.pieces)
  }

  header(name: string, expected: string | RegExp | undefined): this {
    const value = this.headers[name.toLowerCase()]
    if (expected instanceof RegExp) assert.match(value ?? '', expected)
    else assert.equal(value, expected, name)
    return this
  }

  json(expected: unknown): this {
    assert.deepEqual(this.text === '' ? undefined : JSON.parse(this.text), expected)
    return this
  }

  /** It is answered so behind the filter: what the client has of that. Text and bytes as they are, anything else as JSON. */
  respond(
    status: number,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    { failure, pieces }: RespondOptions = {},
  ): TestRequest {
    const content = contentOf(pieces === undefined ? { body } : { pieces })
    const fields = Object.entries({ ...content.type, ...lowerCased(headers) }).flat()
    const hasBody = this.method !== 'HEAD' && !isBodiless(status)
    const response = { status, fields, failure: failure ?? null }
    const request = new TestRequest(this.answered(response, hasBody ? (content.pieces ?? []) : null))
    this.exchange.add(request)
    return request
  }

  /** `pieces` are null where there can be none. */
  private async answered(
    response: NonNullable<FilterCall['response']>,
    pieces: readonly Uint8Array[] | null,
  ): Promise<TestAnswer> {
    const { bench, call } = this.exchange
    const part = bench.filter.filter.shape.response
    const own = new Fields([...response.fields])
    if (part === null) return answerOf(response.status, own, pieces ?? [], bench.nothing().course)
    if (part.body === 'held' && tooLong(pieces, part.limitBytes))
      return instead(failed('http_response_body_size'), bench.nothing())
    const body = part.body === 'none' || pieces === null || pieces.length === 0 ? null : once(pieces)
    const asked = await bench.asked({ ...call, phase: 'response', body: part.body, response }, body)
    const { verdict, course } = asked
    if (verdict.kind !== 'pass') return instead(verdict, asked)
    const { status = response.status, changes = [] } = verdict
    try {
      if (status !== response.status) checkChange(response.status, status)
    } catch (error) {
      course.mistakes.push(error)
      return instead(failed('filter_unavailable'), asked)
    }
    changeFields(own, changes)
    if (verdict.body === true) for (const name of [...bodyFields, 'content-length']) own.remove(name)
    const isReplaced = verdict.body === true && pieces !== null
    return answerOf(status, own, isReplaced ? asked.pieces : (pieces ?? []), course)
  }
}

function answerOf(
  status: number,
  fields: Fields,
  pieces: readonly Uint8Array[],
  { trace, mistakes }: ReturnType<FilterBench['nothing']>['course'],
): TestAnswer {
  return new TestAnswer({ status, headers: recordOf(fields), text: textOf(pieces) }, trace, mistakes)
}
