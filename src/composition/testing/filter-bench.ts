import { failures, type FailureName } from '../../http/failures.ts'
import { Fields } from '../../http/fields.ts'
import {
  FILTERING,
  type FilterCall,
  type FilterVerdict,
  type Passes,
} from '../../shared/crossing/filtering.ts'
import { verdictOf } from '../../shared/crossing/verdict.ts'
import type { GatewayRequest } from '../engine/messages.ts'
import { writeProblem } from '../engine/problems.ts'
import { FILTER_METHOD, type Filter } from '../filters/filter.ts'
import { Problem } from '../routes/answer.ts'
import { Bench, type Course, type TestOptions } from './bench.ts'
import { TestAnswer } from './test-answer.ts'
import { Trace } from './trace.ts'

/** What one function of a filter has made of what it was asked. */
export interface Asked {
  /** It fails by name, where it has given no verdict that can be carried out. */
  readonly verdict: FilterVerdict
  /** What crosses back with that. */
  readonly pieces: readonly Uint8Array[]
  readonly course: Course
}

/** Asks the functions of a filter as a worker of the gateway does, and takes what they say as strictly. */
export class FilterBench extends Bench {
  readonly filter: Filter
  private readonly timeoutMs: number

  constructor(filter: Filter, options: TestOptions, config: unknown, timeoutMs: number) {
    super(filter, options, config)
    this.filter = filter
    this.timeoutMs = timeoutMs
  }

  async asked(call: FilterCall, body: AsyncIterable<Uint8Array> | null): Promise<Asked> {
    const request: GatewayRequest = {
      method: FILTER_METHOD,
      target: `/${call.phase}`,
      headers: recordOf(new Fields([...call.fields])),
      body,
      client: call.client,
      deadlineMs: this.clock.now() + this.timeoutMs,
      filtering: call,
    }
    const course = this.begin(request)
    return this.during(this.heard(request, course))
  }

  /** Where it is not asked. */
  nothing(): Pick<Asked, 'pieces' | 'course'> {
    return { pieces: [], course: { trace: (this.trace = new Trace()), mistakes: [] } }
  }

  private async heard(request: GatewayRequest, course: Course): Promise<Asked> {
    const { status, headers, body } = await this.engine.answer(request)
    try {
      const verdict = verdictOf({ status, fields: new Fields(Object.entries(headers).flat()) })
      const whole = typeof body === 'string' ? Buffer.from(body) : body
      const pieces = whole instanceof Uint8Array ? [whole] : await Array.fromAsync(whole)
      return { verdict, pieces, course }
    } catch (error) {
      // Behind the verdict it is the body that breaks off.
      if (headers[FILTERING] !== undefined && course.mistakes.includes(error))
        throw new Error(`the body was broken off: ${String(error)}`, { cause: error })
      course.mistakes.push(error)
      return { verdict: failed('filter_unavailable'), pieces: [], course }
    }
  }
}

export const failed = (failure: FailureName): Exclude<FilterVerdict, Passes> => ({
  kind: 'fail',
  failure,
  detail: '',
  fields: [],
})

/** What a client is told in place of what it would have had. */
export function instead(
  verdict: Exclude<FilterVerdict, Passes>,
  { pieces, course: { trace, mistakes } }: Pick<Asked, 'pieces' | 'course'>,
): TestAnswer {
  const headers = recordOf(new Fields([...verdict.fields]))
  if (verdict.kind === 'answer')
    return new TestAnswer({ status: verdict.status, headers, text: textOf(pieces) }, trace, mistakes)
  const reason = verdict.failure as FailureName
  const { status, title } = failures[reason]
  const { body, headers: own } = writeProblem(new Problem(status, title, { reason }))
  return new TestAnswer({ status, headers: { ...own, ...headers }, text: body as string }, trace, mistakes)
}

export const textOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('utf8')

/** By their names in lower case; several of a name are joined. */
export function recordOf({ list }: Fields): Record<string, string> {
  const record: Record<string, string> = {}
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase()
    record[name] = record[name] === undefined ? list[i + 1]! : `${record[name]}, ${list[i + 1]!}`
  }
  return record
}
