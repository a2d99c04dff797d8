import { isBodiless } from '../../http/body-fields.ts'
import { NO_BODY, type RequestHead } from '../../http/head.ts'
import {
  FILTERING,
  type FilterCall,
  type FilterPart,
  type FilterVerdict,
  type Passes,
} from '../../shared/crossing/filtering.ts'
import {
  changeFields,
  checkChange,
  namesOf,
  Unintelligible,
  verdictOf,
} from '../../shared/crossing/verdict.ts'
import type { BodyNext, Transformed } from '../body.ts'
import type {
  Exchange,
  Failure,
  Filter,
  FilterType,
  LocalResponse,
  RequestHold,
  ResponseVerdict,
  Verdict,
  WholeVerdict,
} from '../filter.ts'
import { hintsOf } from '../header-modifier.ts'
import { passes } from '../inspect.ts'
import {
  CallFailure,
  type CallOptions,
  type IncomingResponse,
  type Kit,
  type OutgoingRequest,
  type StreamedResponse,
} from '../kit.ts'
import { Note } from '../notes.ts'
import { noteTaken, noteTold } from '../taken.ts'
import type { ExtensionConfig } from './config.ts'
import { bodyInstead, bodyThrough, hasBody, inPlaceOf, NOTHING, unsaid } from './bodies.ts'

/**
 * A filter of the user's own (`kind: Filter`): what it decides is asked of the threads of its bundle. Where they give no
 * verdict nothing passes.
 */
export const extension: FilterType<ExtensionConfig> = {
  type: 'extension',
  role: 'composition',
  phase: 'extension',
  compile: (config, kit) => new Extension(config, kit),
  describe: ({ filter, shape }) =>
    `Filter ${filter}: ${shape === null ? 'not loaded, answered 503' : shown(shape)}`,
  inspect: ({ filter, shape }) =>
    shape === null
      ? { ...passes, refusal: unavailable(filter, 'it is not loaded') }
      : { ...passes, unknown: `it depends on what Filter ${filter} says` },
}

function shown(shape: NonNullable<ExtensionConfig['shape']>): string {
  const parts = Object.entries(shape).flatMap(([phase, part]: [string, FilterPart | null]) =>
    part === null ? [] : [part.body === 'none' ? phase : `${phase} with its body (${part.body})`],
  )
  return parts.join(' and ')
}

const unavailable = (filter: string, why: string): Failure => ({
  failure: 'filter_unavailable',
  detail: `${filter}: ${why}`,
})

/** A request as a filter has let it go on, and what it has left for its answer. */
interface Passed {
  readonly state: unknown
  /** Null where the answer is not shown to it. What is behind may put there what is the backend's alone. */
  readonly request: Asked | null
}

type Asked = Pick<FilterCall, 'method' | 'scheme' | 'host' | 'path' | 'query' | 'fields'>

const askedOf = ({ method, scheme, authority, path, query, fields }: RequestHead): Asked => ({
  method,
  scheme,
  host: authority,
  path,
  query,
  fields: fields.list,
})

/** Of each filter that a request has passed; absent of those that it has not. */
const passed = new Note<Map<Filter, Passed>>('extension.passed')

class Extension implements Filter {
  readonly body?: RequestHold
  private readonly config: ExtensionConfig
  private readonly kit: Kit
  private readonly answerBytes: number

  constructor(config: ExtensionConfig, kit: Kit) {
    this.config = config
    this.kit = kit
    const { request = null, response = null } = config.shape ?? {}
    kit.hold(config.cluster)
    if (request?.body === 'held') this.body = { limitBytes: request.limitBytes, over: 'fail' }
    this.answerBytes = Math.max(LEAST_ANSWER_BYTES, request?.limitBytes ?? 0, response?.limitBytes ?? 0)
  }

  request(x: Exchange): Verdict | Promise<Verdict> {
    const { shape, filter } = this.config
    if (shape === null) return unavailable(filter, 'it is not loaded')
    if (shape.response !== null && shape.response.body !== 'none') askForWhole(x)
    if (shape.request === null) {
      this.pass(x, undefined)
      return undefined
    }
    if (shape.request.body === 'stream' && x.request.length !== NO_BODY)
      return this.askOfStream(x, 'request', answer => this.decidedOfStream(x, answer))
    return this.ask(x, 'request', x.heldBody, answer => this.decided(x, answer))
  }

  response(x: Exchange): ResponseVerdict | Promise<ResponseVerdict> {
    const part = this.config.shape?.response ?? null
    // What was answered before the request came this far has nothing to do with this filter.
    if (part === null || x.notes.get(passed)?.has(this) !== true) return undefined
    if (part.body === 'none' || !hasBody(x))
      return this.ask(x, 'response', null, answer => this.answered(x, answer) as ResponseVerdict)
    if (part.body === 'stream')
      return this.askOfStream(x, 'response', answer => this.answeredOfStream(x, answer))
    return {
      hold: { limitBytes: part.limitBytes, over: 'fail' },
      whole: body => this.ask(x, 'response', body, answer => this.answered(x, answer)),
    }
  }

  /** What `take` makes of its verdict; whatever goes wrong is a refusal. */
  private ask<T>(
    x: Exchange,
    phase: FilterCall['phase'],
    body: Buffer | null,
    take: (answer: IncomingResponse) => T,
  ): Promise<T | Failure> {
    const question = { ...this.questionOf(x, phase), ...(body !== null && { body }) }
    return this.judged(x, phase, async options =>
      take(await this.kit.call(this.config.cluster, question, options)),
    )
  }

  /** The same, before anything of the body has crossed. */
  private askOfStream<T>(
    x: Exchange,
    phase: FilterCall['phase'],
    take: (answer: StreamedResponse) => T | Promise<T>,
  ): Promise<T | Failure> {
    const question = this.questionOf(x, phase)
    return this.judged(x, phase, async options => {
      const answer = await this.kit.stream(this.config.cluster, question, options)
      try {
        return await take(answer)
      } catch (error) {
        answer.close()
        throw error
      }
    })
  }

  private questionOf(x: Exchange, phase: FilterCall['phase']): OutgoingRequest {
    return {
      method: 'POST',
      target: `/${phase}`,
      authority: 'filter',
      fields: [FILTERING, JSON.stringify(this.callOf(x, phase))],
    }
  }

  private async judged<T>(
    x: Exchange,
    phase: FilterCall['phase'],
    ask: (options: CallOptions) => Promise<T>,
  ): Promise<T | Failure> {
    const { filter, timeoutMs } = this.config
    const { kit } = this
    const ownMs = kit.clock.now() + timeoutMs
    const options = {
      signal: x.signal,
      // The route ends by itself what it waits for. What it answers then is an answer as any other, and not late.
      deadlineMs: phase === 'response' ? ownMs : Math.min(x.deadlineMs, ownMs),
      limitBytes: this.answerBytes,
      client: x.clientAddress,
      spanHome: x.spanHome,
      // What it waits for may be slow for one client alone, and it stands in the way of all of them.
      patienceMs: timeoutMs / PATIENCE,
    }
    try {
      return await ask(options)
    } catch (error) {
      const why = whyOf(error)
      if (x.failure !== 'client_gone')
        kit.log.warn('filter.unavailable', { filter, phase, route: x.route, reason: why })
      return unavailable(filter, why)
    }
  }

  private callOf(x: Exchange, phase: FilterCall['phase']): FilterCall {
    const left = phase === 'response' ? x.notes.get(passed)?.get(this) : undefined
    const state = left?.state
    return {
      ...(left?.request ?? askedOf(x.request)),
      phase,
      id: x.id,
      client: x.clientAddress,
      route: x.route,
      body: this.config.shape![phase]!.body,
      ...(state !== undefined && { state }),
      ...(phase === 'response' && {
        response: { status: x.response.status, fields: x.response.fields.list, failure: x.failure },
      }),
    }
  }

  /** Throws Unintelligible. */
  private verdictOf(
    answer: Pick<IncomingResponse, 'status' | 'fields'>,
    phase: FilterCall['phase'],
  ): FilterVerdict {
    const verdict = verdictOf(answer)
    if (verdict.kind === 'pass' && verdict.body === true && this.config.shape![phase]!.body === 'none')
      throw new Unintelligible('it gave a body in place of one that it has not seen')
    return verdict
  }

  private decided(x: Exchange, answer: IncomingResponse): Verdict {
    const verdict = this.verdictOf(answer, 'request')
    if (verdict.kind !== 'pass') return refusal(verdict, answer.body)
    const isReplaced = verdict.body === true && this.config.shape!.request!.body === 'held'
    if (isReplaced && x.request.length === NO_BODY)
      throw new Unintelligible('it gave a body to a request that has none')
    changeRequest(x, verdict)
    this.pass(x, verdict.state)
    return isReplaced ? inPlaceOf(x.request, answer.body) : undefined
  }

  private async decidedOfStream(x: Exchange, answer: StreamedResponse): Promise<Verdict> {
    const verdict = this.verdictOf(answer, 'request')
    if (verdict.kind !== 'pass') return refusal(verdict, await answer.whole())
    changeRequest(x, verdict)
    this.pass(x, verdict.state)
    if (verdict.body === true) return bodyThrough(x.request, this.through(x, 'request', answer))
    answer.close()
    return undefined
  }

  private answered(x: Exchange, answer: IncomingResponse): WholeVerdict {
    const verdict = this.verdictOf(answer, 'response')
    if (verdict.kind !== 'pass') return refusal(verdict, answer.body)
    this.changeAnswer(x, verdict)
    if (verdict.body !== true) return undefined
    if (this.config.shape!.response!.body === 'held') return bodyInstead(x, answer.body)
    unsaid(x)
    return undefined
  }

  private async answeredOfStream(x: Exchange, answer: StreamedResponse): Promise<ResponseVerdict> {
    const verdict = this.verdictOf(answer, 'response')
    if (verdict.kind !== 'pass') return refusal(verdict, await answer.whole())
    this.changeAnswer(x, verdict)
    if (verdict.body === true) {
      unsaid(x)
      return bodyThrough(x.response, this.through(x, 'response', answer))
    }
    answer.close()
    return undefined
  }

  /** What fails in the middle ends the exchange, so that nobody takes half a body for all of it; what is answered then it does not see. */
  private through(
    x: Exchange,
    phase: FilterCall['phase'],
    answer: StreamedResponse,
  ): Transformed['transform'] {
    const { filter, timeoutMs } = this.config
    return next => {
      const fail: BodyNext['fail'] = (failure, detail) => {
        x.notes.get(passed)?.delete(this)
        this.kit.log.warn('filter.unavailable', { filter, phase, route: x.route, reason: detail })
        next.fail(failure, `${filter}: ${detail}`)
      }
      return answer.transform({ ...next, fail }, 'filter_unavailable', timeoutMs)
    }
  }

  private changeAnswer({ response }: Exchange, { status = response.status, changes = [] }: Passes): void {
    if (status !== response.status) {
      checkChange(response.status, status)
      response.status = status
      response.reason = ''
    }
    changeFields(response.fields, changes)
  }

  private pass(x: Exchange, state: unknown): void {
    const isShown = this.config.shape!.response !== null
    const left = {
      state,
      request: isShown ? { ...askedOf(x.request), fields: [...x.request.fields.list] } : null,
    }
    const known = x.notes.get(passed)
    if (known === undefined) x.notes.set(passed, new Map([[this, left]]))
    else known.set(this, left)
  }
}

/** Who waits for a place of the bundle has the most of its time left for the filter itself. */
const PATIENCE = 4

/** A verdict is small, and what a filter answers itself is what a person reads. */
const LEAST_ANSWER_BYTES = 1024 * 1024

function refusal(verdict: Exclude<FilterVerdict, Passes>, body: Buffer): LocalResponse | Failure {
  if (verdict.kind === 'answer')
    return {
      status: verdict.status,
      fields: verdict.fields,
      body: isBodiless(verdict.status) ? NOTHING : body,
    }
  // It was held to the table before.
  return { failure: verdict.failure as Failure['failure'], detail: verdict.detail, fields: verdict.fields }
}

/**
 * The cache behind it is told of everything that the backend is told by it: an answer is for who was told of, and for
 * nobody else.
 */
function changeRequest(x: Exchange, { path, query, changes = [] }: Passes): void {
  const { request } = x
  if (path !== undefined) request.path = path
  if (query !== undefined) request.query = query
  for (const [how, name, value] of changes) {
    const lower = name.toLowerCase()
    const before = how === 'add' ? undefined : request.fields.combined(lower)
    if (before !== undefined) noteTaken(x, `header ${lower}`, before)
    if (how === 'remove') {
      request.fields.remove(lower)
      continue
    }
    if (how === 'set') request.fields.set(name, value)
    else request.fields.add(name, value)
    noteTold(x, `${lower}: ${value}`)
  }
  if (changes.length === 0) return
  x.withholdTrailers(namesOf(changes))
  request.hints |= hintsOf(changes.map(([, name]) => ({ name })))
}

/** A part of it, or one that is encoded, is nothing that a filter could read. */
function askForWhole({ request: { fields } }: Exchange): void {
  for (const name of ['range', 'if-range', 'accept-encoding']) fields.remove(name)
}

function whyOf(error: unknown): string {
  if (error instanceof CallFailure) {
    const { failure, detail } = error
    return detail === '' ? failure : `${failure}: ${detail}`
  }
  return error instanceof Error ? error.message : String(error)
}
