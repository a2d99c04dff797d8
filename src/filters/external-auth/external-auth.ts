import { redactUrl } from '../../telemetry/redact.ts'
import { authenticatedUser } from '../basic-auth/basic-auth.ts'
import { compileExceptions, type Excepted } from '../exceptions.ts'
import type { Exchange, Filter, FilterType, RequestHold, Verdict } from '../filter.ts'
import { passes } from '../inspect.ts'
import type { CallOptions, Kit } from '../kit.ts'
import { identityNote } from '../identity.ts'
import { Note } from '../notes.ts'
import { allTaken, noteAsked, noteTold } from '../taken.ts'
import type { Question } from './asking.ts'
import type { ExternalAuthConfig } from './config.ts'
import type { Decision, Denied } from './decision.ts'
import { KeptDecisions } from './kept.ts'
import { bring, passingOf, sayAnswered, strip } from './passing.ts'
import { compileService, type Ruling, type AuthService } from './service.ts'

/**
 * Asks another service whether a request may pass (ExternalAuthPolicy, and the standard's HTTPExternalAuthFilter). What
 * it is told is what the client asked for, by which the request is routed; what it says is done before anything is
 * rewritten. A service that gives no answer lets nothing pass, unless its policy says so.
 */
export const externalAuth: FilterType<ExternalAuthConfig> = {
  type: 'external-auth',
  role: 'ingress',
  phase: 'external-authorization',
  compile: (config, kit) => new ExternalAuth(config, kit),
  describe: ({ cluster, ask, whenUnavailable }) => {
    const how = ask.protocol === 'grpc' ? 'by gRPC' : `for ${shownTarget(ask)}`
    const otherwise = whenUnavailable === 'allow' ? ', passes where it is not available' : ''
    return `asks ${cluster} ${how}${otherwise}`
  },
  except: ({ except }) => except,
  inspect: ({ cluster }) => ({ ...passes, unknown: `it depends on what ${cluster} says` }),
}

function shownTarget({ target }: Extract<ExternalAuthConfig['ask'], { readonly protocol: 'http' }>): string {
  // What is written there may have a key of the service in it.
  const shown = redactUrl(target.value)
  return target.type === 'fixed' ? shown : `${shown}{path}`
}

/** Of the access log: what came of it, the last policy's word. */
const outcome = new Note<string>('external-auth.outcome', 'portcullis.external_auth')

type Result = 'allowed' | 'denied' | 'unavailable'

class ExternalAuth implements Filter {
  readonly body?: RequestHold
  private readonly config: ExternalAuthConfig
  private readonly kit: Kit
  /** By which it is told whether it has been asked already: at another place it is the same policy. */
  private readonly name: string
  private readonly service: AuthService
  private readonly kept: KeptDecisions | null
  private readonly isExcepted: ((x: Excepted) => boolean) | null
  /** Names that no client may bring. */
  private readonly stripped: readonly string[]
  private readonly count: (result: Result, cached: boolean) => void

  constructor(config: ExternalAuthConfig, kit: Kit) {
    const { origin, ask, cache, bodyBytes, except } = config
    this.config = config
    this.kit = kit
    this.name = `${origin.resource} ${origin.path}`
    this.service = compileService(config, kit)
    this.isExcepted = compileExceptions(except)
    this.stripped = ask.protocol === 'http' ? (ask.brought ?? []) : []
    this.count = counters(kit, origin.resource)
    this.kept = cache === null ? null : kit.keep(keyOf(config), () => new KeptDecisions(cache, kit.clock))
    if (bodyBytes > 0)
      this.body = { limitBytes: bodyBytes, over: 'fail', only: x => this.isExcepted?.(x) !== true }
  }

  request(x: Exchange): Verdict | Promise<Verdict> {
    const passing = passingOf(x)
    if (this.stripped.length > 0) x.withholdTrailers(this.stripped)
    if (this.isExcepted?.(x) === true) {
      strip(x.request.fields, this.stripped, passing)
      return undefined
    }
    if (passing.passed.has(this.name)) return undefined
    const question = this.service.question(x)
    noteAsked(x, question.fields)
    const { kept } = this
    if (kept === null) return this.ask(x, question).then(({ decision }) => this.act(x, decision, false))
    const key = kept.keys.of(x, question, x.heldBody, askingOf(x))
    const known = kept.get(key)
    if (known !== undefined) return this.act(x, known, true)
    return this.askOnce(x, question, key, kept).then(({ decision }) => this.act(x, decision, false))
  }

  response(x: Exchange): void {
    sayAnswered(x)
  }

  private ask(x: Exchange, question: Question): Promise<Ruling> {
    return this.service.ask(x, question, this.options(x, x.signal, x.deadlineMs))
  }

  /** One question for all that ask the same at the same time; whose answer is for one request alone is asked for each. */
  private async askOnce(x: Exchange, question: Question, key: string, kept: KeptDecisions): Promise<Ruling> {
    let first = false
    const ruling = await kept.flights.join(key, x.signal, async signal => {
      first = true
      const asked = await this.service.ask(x, question, this.options(x, signal, Infinity))
      kept.put(x.clientAddress, key, asked)
      return asked
    })
    const isShared = first || ruling.freshMs > 0 || ruling.decision.verdict === 'unavailable'
    return isShared ? ruling : this.ask(x, question)
  }

  private options(x: Exchange, signal: AbortSignal, untilMs: number): CallOptions {
    const { timeoutMs, answerBytes } = this.config
    return {
      signal,
      deadlineMs: Math.min(untilMs, this.kit.clock.now() + timeoutMs),
      limitBytes: answerBytes,
      client: x.clientAddress,
    }
  }

  private act(x: Exchange, decision: Decision, cached: boolean): Verdict {
    // The question was given up with its client: that says nothing of the service.
    if (decision.verdict === 'unavailable' && x.failure === 'client_gone') return undefined
    this.count(decision.verdict, cached)
    x.notes.set(outcome, cached ? `${decision.verdict}, cached` : decision.verdict)
    const passing = passingOf(x)
    strip(x.request.fields, this.stripped, passing)
    switch (decision.verdict) {
      case 'allowed':
        bring(x.request.fields, decision, passing)
        for (const text of [...decision.set, ...decision.added]) noteTold(x, text)
        x.withholdTrailers(namesOf(decision.set))
        passing.passed.add(this.name)
        return undefined
      case 'denied':
        return refusal(decision)
      case 'unavailable':
        return this.unanswered(decision.detail)
    }
  }

  private unanswered(detail: string): Verdict {
    const { origin, cluster, whenUnavailable } = this.config
    this.kit.log.warn('external_auth.unavailable', {
      policy: origin.resource,
      cluster,
      reason: detail,
      allowed: whenUnavailable === 'allow',
    })
    return whenUnavailable === 'allow' ? undefined : { failure: 'authorization_unavailable', detail }
  }
}

/** Who has been found to ask, and what was taken out of the request: nothing that is kept of it is for anybody else. */
function askingOf({ notes }: Exchange): readonly string[] {
  const principal = notes.get(identityNote)?.principal ?? ''
  return [notes.get(authenticatedUser) ?? '', principal, ...allTaken({ notes })]
}

function refusal({ status, fields, body }: Denied): Verdict {
  return status === 0 ? { failure: 'http_request_denied' } : { status, fields, body }
}

function counters(kit: Kit, policy: string): (result: Result, cached: boolean) => void {
  const counter = (result: string) =>
    kit.metrics.counter('portcullis_external_auth_total', { policy, result })
  const fresh = {
    allowed: counter('allowed'),
    denied: counter('denied'),
    unavailable: counter('unavailable'),
  }
  const kept = { ...fresh, allowed: counter('allowed_cached'), denied: counter('denied_cached') }
  return (result, cached) => (cached ? kept : fresh)[result].add(1)
}

/** A policy that says something else has decided nothing yet. Where it is attached is not part of what it says. */
function keyOf({ origin, ...says }: ExternalAuthConfig): string {
  return `external-auth ${origin.resource} ${JSON.stringify(says)}`
}

/** Of name, value, name, value …: in lower case. */
function namesOf(list: readonly string[]): readonly string[] {
  return list.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase())
}
