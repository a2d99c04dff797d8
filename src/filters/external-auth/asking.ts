import { sameName, type Fields } from '../../http/fields.ts'
import { withHyphens } from '../spellings.ts'
import type { AskHttp } from './config.ts'

/** What of an exchange the service is told. */
export interface Asker {
  readonly asked: {
    readonly method: string
    readonly authority: string
    /** Canonical, or "*". */
    readonly path: string
    /** With its leading "?", or "". */
    readonly query: string
  }
  /** Its query is without credentials that were taken out: the service has no use for them. */
  readonly request: { readonly scheme: string; readonly fields: Fields; readonly query: string }
  /** After trusted hops. */
  readonly clientAddress: string
}

/** A request to the service; fields are name, value, name, value … */
export interface Question {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly fields: readonly string[]
}

/** Our own words, which are sent whatever is chosen: on whose behalf, and what lets a circle of gateways be seen (Via). */
const always: readonly string[] = [
  'client-cert',
  'client-cert-chain',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-request-id',
  'traceparent',
  'tracestate',
  'via',
]

/**
 * Never sent as they came: what we say ourselves, what the answer would be about (RFC 9110 §13, §14: a 304 or a 206 is no
 * decision), and Forwarded, whose host need not be the one by which the request is routed.
 */
const never: ReadonlySet<string> = new Set([
  'forwarded',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'x-forwarded-host',
  'x-forwarded-method',
  'x-forwarded-port',
  'x-forwarded-uri',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-real-ip',
])

/** Which fields of a client go to the service, in the order in which it sent them. */
export function compileSent(sent: readonly string[] | null): (fields: Fields) => string[] {
  if (sent === null) return ({ list }) => pick(list, name => !never.has(withHyphens(name)))
  const names = [...new Set([...always, ...sent])].filter(name => !never.has(name))
  return ({ list }) => pick(list, name => names.some(one => sameName(name, one)))
}

function pick(list: readonly string[], takes: (name: string) => boolean): string[] {
  const picked: string[] = []
  for (let i = 0; i < list.length; i += 2) if (takes(list[i]!)) picked.push(list[i]!, list[i + 1]!)
  return picked
}

/**
 * How a service is asked by HTTP, in the words of those that are asked already: X-Forwarded-* as Traefik's forwardAuth
 * has them, X-Original-* as ingress-nginx. The host in them is the one by which the request is routed, never a hop's
 * X-Forwarded-Host: a client that may choose that one would have a decision about another host than it gets.
 */
export function compileQuestion(ask: AskHttp, sent: readonly string[] | null): (x: Asker) => Question {
  const sentOf = compileSent(sent)
  const { target, method, authority } = ask
  return x => {
    const { asked, request } = x
    const uri = asked.path + request.query
    return {
      method: method === '' ? asked.method : method,
      target: target.type === 'fixed' ? target.value : target.value + (asked.path === '*' ? '/*' : uri),
      authority: authority === '' ? asked.authority : authority,
      // oxfmt-ignore
      fields: [
        ...sentOf(request.fields),
        'X-Forwarded-Method', asked.method,
        'X-Forwarded-Host', asked.authority,
        'X-Forwarded-Uri', uri,
        'X-Original-Method', asked.method,
        'X-Original-URL', `${schemeOf(x)}://${asked.authority}${asked.path === '*' ? '' : uri}`,
        'X-Real-IP', x.clientAddress,
      ],
    }
  }
}

/** What the client used, where a trusted hop has ended TLS. */
export function schemeOf({ request }: Asker): string {
  return request.fields.get('x-forwarded-proto') ?? request.scheme
}
