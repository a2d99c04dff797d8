import { lowerCased } from '../backends/backend.ts'
import { CallFailure } from '../calls/failure.ts'
import { Answer, Problem, ShapedAnswer } from '../routes/answer.ts'
import type { ComposedRoute, PartialReport } from '../routes/route.ts'
import { Checked } from '../schemas/checked.ts'
import { CompiledRoute, type Surroundings } from './compiled-route.ts'
import type { Course } from './course.ts'
import { checkFields } from './fields.ts'
import type { GatewayAnswer } from './messages.ts'
import { Misfit } from './misfit.ts'
import type { RouteRequest } from './route-request.ts'

/** Of RFC 9110 §15.3.5, §15.3.6 and §15.4.5. */
export const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

/** A name in a list of names: what would end it, and what no field may have, is escaped. */
const inField = (name: string): string => name.replace(/[^\x20-\x2b\x2d-\x7e]/gu, encodeURIComponent)

/** What JSON cannot say (undefined, a function) is nothing: an answer has a body. */
const jsonOf = (value: unknown): string => (JSON.stringify(value) as string | undefined) ?? 'null'

const answerOf = (result: unknown): Answer<unknown> =>
  result instanceof Answer ? result : new Answer(result, null, {})

/** A route whose answer is a value. */
export class Composed extends CompiledRoute<ComposedRoute> {
  private readonly out: Checked
  private readonly partial: PartialReport

  constructor(route: ComposedRoute, around: Surroundings) {
    super(route, around)
    this.out = Checked.of('answer', route.options.out)
    this.partial = route.options.partial ?? 'header'
  }

  protected override run(course: Course): Promise<GatewayAnswer> {
    const asked = this.asked(course)
    return asked instanceof Promise
      ? asked.then(one => this.composed(course, one))
      : this.composed(course, asked)
  }

  private composed(course: Course, asked: RouteRequest): Promise<GatewayAnswer> {
    return this.through(course, asked, () =>
      Promise.resolve(this.route.options.run(asked as never)).then(answerOf),
    ).then(given => this.written(course, given))
  }

  private written({ scope, request }: Course, given: Answer<unknown>): GatewayAnswer {
    const { options } = this.route
    const status = given.status ?? options.status ?? 200
    checkFields(given.headers)
    if (WITHOUT_BODY.has(status)) return { status, headers: { ...given.headers }, body: '' }
    const { value, faults } =
      given instanceof ShapedAnswer ? { value: given.body, faults: [] } : this.out.allow(given.body)
    if (faults.length > 0) throw new Misfit(this.name, faults)
    const names = [...new Set(scope.partials.map(({ part }) => part.name))]
    for (const { error } of scope.partials) if (!(error instanceof CallFailure)) this.mistaken(error, request)
    const headers = lowerCased(given.headers)
    headers['content-type'] ??= 'application/json'
    if (names.length === 0) return { status, headers, body: jsonOf(value) }
    return this.withPartial(names, status, headers, value)
  }

  private withPartial(
    names: readonly string[],
    status: number,
    headers: Record<string, string>,
    value: unknown,
  ): GatewayAnswer {
    const { partial } = this
    if (partial === 'refuse')
      throw new Problem(502, 'Parts of the answer cannot be had', { members: { partial: names } })
    // Nobody may keep for others what is only half of it.
    headers['cache-control'] = 'no-store'
    if (partial === 'header') {
      headers['x-portcullis-partial'] = names.map(inField).join(', ')
      return { status, headers, body: jsonOf(value) }
    }
    return { status, headers, body: JSON.stringify({ ...(value as object), [partial.member]: names }) }
  }
}
