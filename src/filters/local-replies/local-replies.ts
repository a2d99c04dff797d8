import { failures } from '../../http/failures.ts'
import { compileExceptions } from '../exceptions.ts'
import type { Exchange, Filter, FilterType, LocalResponse } from '../filter.ts'
import { passes } from '../inspect.ts'
import { fallbackNote } from '../fallback/fallback.ts'
import { exceptOf, layered, mergeLayers, saidOf, type Layer, type Layered } from '../layered.ts'
import { chooser, type Form } from './accepted.ts'

/** TrafficPolicy spec.localReplies, of all that say something of it. */
export interface LocalRepliesConfig extends Layered<LocalRepliesSettings> {
  readonly type: 'local-replies'
}

export interface LocalRepliesSettings {
  /** Every request is answered 503; null: none is. `retryAfterS` 0: it is not said when it is over. */
  readonly maintenance: { readonly retryAfterS: number } | null
  readonly pages: readonly PageConfig[]
}

function settingsOf(layers: readonly Layer<LocalRepliesSettings>[]): LocalRepliesSettings {
  return { maintenance: null, pages: [], ...saidOf(layers) }
}

export interface PageConfig {
  /** Null: all from 400 on. */
  readonly statuses: readonly number[] | null
  readonly bodies: { readonly [F in Form]?: string }
}

const contentTypes: Readonly<Record<Form, string>> = {
  json: 'application/json',
  html: 'text/html; charset=utf-8',
  text: 'text/plain; charset=utf-8',
}

/** What is of the answer that it takes the place of. */
const ofBody: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding', 'etag'])

/** Answers of the gateway itself, in the form that its owner wants and the client takes; and 503 for all while something is mended. */
export const localReplies: FilterType<LocalRepliesConfig> = {
  type: 'local-replies',
  role: 'ingress',
  phase: 'replies',
  merge: mergeLayers,
  compile: config => layered(config, layers => replying(settingsOf(layers))),
  describe({ layers }) {
    const { maintenance, pages } = settingsOf(layers)
    return [
      ...(maintenance === null ? [] : ['maintenance: 503 for all']),
      ...pages.map(
        ({ statuses, bodies }) => `${statuses?.join(', ') ?? 'errors'} as ${Object.keys(bodies).join(', ')}`,
      ),
    ].join('; ')
  },
  except: exceptOf,
  inspect({ layers }, x) {
    const { maintenance } = settingsOf(layers.filter(({ except }) => compileExceptions(except)?.(x) !== true))
    if (maintenance === null) return passes
    return { ...passes, refusal: { failure: 'maintenance', fields: retryAfter(maintenance.retryAfterS) } }
  },
}

/** What its owner has it answer in place of a backend is as it is to be. */
const isFallback = ({ notes }: Exchange): boolean => notes.get(fallbackNote) === 'response'

function replying({ maintenance, pages }: LocalRepliesSettings): Filter {
  const ready = pages.map(({ statuses, bodies }) => ({ statuses, bodies, choose: chooser(bodies) }))
  const fields = maintenance === null ? [] : retryAfter(maintenance.retryAfterS)
  return {
    ...(maintenance !== null && { request: () => ({ failure: 'maintenance', fields }) }),
    response(x) {
      const { status } = x.response
      // What a backend answers is its own. A gRPC client is told by a status of another kind.
      if (x.failure === null || status < 400 || isFallback(x)) return undefined
      const page = ready.find(({ statuses }) => statuses === null || statuses.includes(status))
      const form = page?.choose(x.request.fields.combined('accept')) ?? null
      return page === undefined || form === null ? undefined : replyOf(x, form, page.bodies[form]!)
    },
  }
}

function retryAfter(seconds: number): readonly string[] {
  return seconds === 0 ? [] : ['Retry-After', String(seconds)]
}

/** It says what the answer said beside its body: WWW-Authenticate, Retry-After, that no cache is to keep it. */
function replyOf({ response, failure, id }: Exchange, form: Form, body: string): LocalResponse {
  const { list } = response.fields
  const fields: string[] = ['Content-Type', contentTypes[form]]
  for (let i = 0; i < list.length; i += 2)
    if (!ofBody.has(list[i]!.toLowerCase())) fields.push(list[i]!, list[i + 1]!)
  const { status } = response
  const said: Readonly<Record<string, string>> = {
    status: String(status),
    reason: failure!,
    title: failures[failure!].title,
    exchange: id,
  }
  // None of these values has a character that HTML or JSON gives a meaning to.
  return {
    status,
    fields,
    body: body.replace(/\{(status|reason|title|exchange)\}/g, (_, name: string) => said[name]!),
  }
}
