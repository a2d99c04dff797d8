import type { Static, TSchema } from 'typebox'
import { Fields } from '../../http/fields.ts'
import type { FilterCall } from '../../shared/crossing/filtering.ts'
import { changeFields } from '../../shared/crossing/verdict.ts'
import type { Clock } from '../../upstream/clock.ts'
import { lowerCased, type Backends, type CallNames } from '../backends/backend.ts'
import { configOf } from '../filters/config.ts'
import type { Filter } from '../filters/filter.ts'
import { addStubs, lookedAt, type TestOptions } from './bench.ts'
import { failed, FilterBench, instead } from './filter-bench.ts'
import { PassedRequest, type Exchange } from './passed-request.ts'
import type { AllStubs } from './stubs.ts'
import { contentOf, once, tooLong, type Content } from './test-content.ts'
import type { TestAnswer } from './test-answer.ts'
import { TestRequest } from './test-request.ts'
import type { Trace } from './trace.ts'

export interface FilterTestOptions<Name extends string = string, C = unknown> extends TestOptions<Name> {
  /** `spec.config` of its Filter: held to the schema of the filter, whose defaults stand where nothing is said. */
  readonly config?: Partial<C>
  /** `spec.timeout`, of a request and of its answer; a second where it is left out. */
  readonly timeoutMs?: number
}

export interface FilterAskOptions extends Content {
  readonly headers?: Readonly<Record<string, string>>
  /** `a.example` where it is left out. */
  readonly host?: string
  readonly scheme?: 'http' | 'https'
  /** The client's address. */
  readonly client?: string
  /** Which rule has taken the request. */
  readonly route?: string
}

type AskFilter = (target: string, options?: FilterAskOptions) => FilteredRequest

/** What a test of a filter has beside the stubs of its backends. */
export interface FilterKit<Name extends string> extends AsyncDisposable {
  readonly get: AskFilter
  readonly head: AskFilter
  readonly post: AskFilter
  readonly put: AskFilter
  readonly patch: AskFilter
  readonly delete: AskFilter
  /** Of what was asked last. */
  readonly trace: Trace<Name>
  readonly clock: Clock
}

/**
 * A filter under test, as `testGateway` has a gateway: in process, without sockets, by a clock that waits for nothing. What
 * it says is taken as strictly as the gateway takes it. Throws a TypeError for a config that its schema refuses.
 *
 * @example
 * await using t = await testFilter(filter, { config: { header: 'x-tenant' } })
 * await t.get('/items', { host: 'www.shop.example' }).expect(404).problem({ title: 'No such tenant' })
 * const passed = await t.get('/items', { host: 'ada.shop.example' }).passes()
 * passed.header('x-tenant', 'ada')
 * await passed.respond(200, { items: [] }, { server: 'x' }).expect(200).header('server', undefined)
 */
export async function testFilter<B extends Backends, C extends TSchema>(
  filter: Filter<B, C>,
  options: FilterTestOptions<keyof B & string, Static<C>> = {},
): Promise<AllStubs<B> & FilterKit<CallNames<B>>> {
  const { timeoutMs = 1_000, config: given } = options
  const own = filter as unknown as Filter
  const reading = configOf(own, given)
  if ('faults' in reading)
    throw new TypeError(reading.faults.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
  const tests = new FilterTests(new FilterBench(own, options, reading.config, timeoutMs))
  await addStubs(tests.bench, options.contracts, tests)
  return tests as unknown as AllStubs<B> & FilterKit<CallNames<B>>
}

/**
 * A request of a test that meets a filter. Awaited, it is what the client is answered in its place, and fails where it goes
 * on; `passes` is what goes on, and fails where it does not.
 */
export class FilteredRequest extends TestRequest {
  private readonly outcome: Promise<TestAnswer | PassedRequest>

  constructor(outcome: Promise<TestAnswer | PassedRequest>) {
    super(
      outcome.then(one => {
        if (one instanceof PassedRequest) throw new Error('the request has passed the filter')
        return one
      }),
    )
    this.outcome = outcome
  }

  async passes(): Promise<PassedRequest> {
    this.unseen = false
    const outcome = await this.outcome
    if (outcome instanceof PassedRequest) return outcome
    throw new Error(`the request has not passed the filter: ${outcome.status}\n${outcome.story}`)
  }
}

class FilterTests implements FilterKit<string> {
  readonly bench: FilterBench
  private readonly requests: TestRequest[] = []
  private count = 0

  constructor(bench: FilterBench) {
    this.bench = bench
  }

  readonly get = this.ask('GET')
  readonly head = this.ask('HEAD')
  readonly post = this.ask('POST')
  readonly put = this.ask('PUT')
  readonly patch = this.ask('PATCH')
  readonly delete = this.ask('DELETE')

  get trace(): Trace {
    return this.bench.trace
  }

  get clock(): Clock {
    return this.bench.clock
  }

  /** Fails where what was expected of a request was never looked at, since nobody awaited it. */
  async [Symbol.asyncDispose](): Promise<void> {
    lookedAt(this.requests)
    await Promise.resolve()
  }

  private ask(method: string): AskFilter {
    return (target, options = {}) => {
      const request = new FilteredRequest(this.outcome(method, target, options))
      this.requests.push(request)
      return request
    }
  }

  private async outcome(
    method: string,
    target: string,
    options: FilterAskOptions,
  ): Promise<TestAnswer | PassedRequest> {
    const {
      headers = {},
      host = 'a.example',
      scheme = 'http',
      client = '192.0.2.1',
      route = 'test',
    } = options
    const { bench } = this
    const { type, pieces } = contentOf(options)
    const mark = target.indexOf('?')
    const fields = Object.entries({ ...type, ...lowerCased(headers) }).flat()
    const part = bench.filter.filter.shape.request
    const call: FilterCall = {
      phase: 'request',
      id: `test-${++this.count}`,
      method,
      scheme,
      host,
      path: mark === -1 ? target : target.slice(0, mark),
      query: mark === -1 ? '' : target.slice(mark),
      fields,
      client,
      route,
      body: part?.body ?? 'none',
    }
    const exchange: Exchange = { bench, call, add: request => this.requests.push(request) }
    if (part === null) return new PassedRequest(exchange, { kind: 'pass' }, pieces ?? [])
    if (part.body === 'held' && tooLong(pieces, part.limitBytes))
      return instead(failed('http_request_too_large'), bench.nothing())
    const asked = await bench.asked(call, part.body === 'none' || pieces === null ? null : once(pieces))
    const { verdict } = asked
    if (verdict.kind !== 'pass') return instead(verdict, asked)
    const list = new Fields([...fields])
    changeFields(list, verdict.changes ?? [])
    const { path = call.path, query = call.query, state } = verdict
    const passed = { ...exchange, call: { ...call, path, query, fields: list.list, state } }
    return new PassedRequest(passed, verdict, verdict.body === true ? asked.pieces : (pieces ?? []))
  }
}
