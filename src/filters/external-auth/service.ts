import type { Exchange } from '../filter.ts'
import { CallFailure, type CallOptions, type Kit } from '../kit.ts'
import { compileJudge } from './answer.ts'
import { compileQuestion, compileSent, type Question } from './asking.ts'
import type { AskGrpc, AskHttp, ExternalAuthConfig } from './config.ts'
import { unavailable, type Decision } from './decision.ts'
import { freshForMs } from './freshness.ts'
import { callOf, readReply } from './grpc/call.ts'
import { checkRequest } from './grpc/check-request.ts'

/** A decision, and for how long it holds for the same question; 0: for this request alone. */
export interface Ruling {
  readonly decision: Decision
  readonly freshMs: number
}

/** How a service is asked, and what its answers mean. */
export interface AuthService {
  /** All that it is told, but for the body. */
  question(x: Exchange): Question
  /** Never rejects: a service that gives no answer is one that is not available. */
  ask(x: Exchange, question: Question, options: CallOptions): Promise<Ruling>
}

export function compileService(config: ExternalAuthConfig, kit: Kit): AuthService {
  const { ask } = config
  return ask.protocol === 'http' ? httpService(config, ask, kit) : grpcService(config, ask, kit)
}

function httpService({ cluster, sent, cache }: ExternalAuthConfig, ask: AskHttp, kit: Kit): AuthService {
  const judge = compileJudge(ask)
  const mostMs = cache?.maxAgeMs ?? 0
  return {
    question: compileQuestion(ask, sent),
    ask: ({ heldBody }, question, options) =>
      answered(async () => {
        // Also where there is none: "Content-Length must be 0" (HTTPAuthConfig.allowedHeaders).
        const answer = await kit.call(cluster, { ...question, body: heldBody ?? Buffer.alloc(0) }, options)
        const decision = judge(answer)
        return { decision, freshMs: freshForMs(answer.fields, decision.verdict === 'allowed', mostMs) }
      }),
  }
}

function grpcService({ cluster, sent, cache }: ExternalAuthConfig, ask: AskGrpc, kit: Kit): AuthService {
  const sentOf = compileSent(sent)
  return {
    question: ({ asked, request }) => ({
      method: asked.method,
      target: asked.path + request.query,
      authority: asked.authority,
      fields: sentOf(request.fields),
    }),
    ask: (x, { fields }, options) =>
      answered(async () => {
        const message = checkRequest(x, fields, x.heldBody, kit.clock.wallMs())
        const timeoutMs = options.deadlineMs - kit.clock.now()
        const reply = await kit.call(cluster, callOf(ask.authority, x.request, message, timeoutMs), options)
        const decision = readReply(reply)
        // Nothing is said of how long it holds; what is for the client is for this answer alone.
        const isKept = decision.verdict === 'allowed' && decision.answered.length === 0
        return { decision, freshMs: isKept ? (cache?.maxAgeMs ?? 0) : 0 }
      }),
  }
}

async function answered(ask: () => Promise<Ruling>): Promise<Ruling> {
  try {
    const ruling = await ask()
    return ruling.decision.verdict === 'unavailable' ? { ...ruling, freshMs: 0 } : ruling
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error
    const { failure, detail } = error
    return { decision: unavailable(detail === '' ? failure : `${failure}: ${detail}`), freshMs: 0 }
  }
}
