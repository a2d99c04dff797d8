import type { FilterConfig } from '../snapshot/rule.ts'
import type { BodyHold } from './body.ts'
import type { Exchange, Filter, FilterType, ResponseVerdict, Verdict } from './filter.ts'
import type { Kit } from './kit.ts'
import { phases } from './phases.ts'

/** An exchange as steps see it: what filters see, and what the steps between them need. */
export interface SteppedExchange extends Exchange {
  /** Undefined where so much of the request's body is here already. */
  holdBody(hold: BodyHold): undefined | Promise<Verdict>
  /** The filter that it was held for has seen it. */
  hideBody(): undefined
}

export type RequestStep = (x: SteppedExchange) => Verdict | Promise<Verdict>
export type ResponseStep = (x: Exchange) => ResponseVerdict | Promise<ResponseVerdict>
export type EndStep = (x: Exchange) => void

/** Each in the order of running; null where there is none, so that nothing is looped over. */
export interface FilterSteps {
  readonly request: readonly RequestStep[] | null
  readonly response: readonly ResponseStep[] | null
  readonly end: readonly EndStep[] | null
  /** Whose each step is, for who tells of an exchange that one of them has answered. */
  readonly requestOf: readonly FilterConfig[]
  readonly responseOf: readonly FilterConfig[]
  readonly endOf: readonly FilterConfig[]
}

/** A filter that is compiled, and the place of its phase. */
export interface ReadyFilter {
  readonly order: number
  readonly config: FilterConfig
  readonly filter: Filter
}

export const noSteps: FilterSteps = {
  request: null,
  response: null,
  end: null,
  requestOf: [],
  responseOf: [],
  endOf: [],
}

const EXTENSION = phases.indexOf('extension')

interface Row {
  readonly type: FilterType
  /** Place of its phase. */
  readonly order: number
}

/** The types of filters that this program has: cli/ puts them together from the lists of the roles. */
export class FilterTable {
  private readonly rows: ReadonlyMap<string, Row>

  constructor(types: readonly FilterType[]) {
    const rows = new Map<string, Row>()
    for (const type of types) {
      if (rows.has(type.type)) throw new Error(`two filters of type ${JSON.stringify(type.type)}`)
      rows.set(type.type, { type, order: phases.indexOf(type.phase) })
    }
    this.rows = rows
  }

  /** Throws on a type that is not in the table: leaving a filter out could open a door. */
  find(type: string): FilterType {
    return this.row(type).type
  }

  /** In the order in which a request meets them, each that acts: given are those further out first. */
  inOrder(configs: readonly FilterConfig[]): readonly FilterConfig[] {
    return this.merged(configs).toSorted((a, b) => this.orderOf(a) - this.orderOf(b))
  }

  /** Throws where one of them cannot be had. */
  ready(configs: readonly FilterConfig[], kit: Kit): readonly ReadyFilter[] {
    return this.merged(configs).map(config => this.compile(config, kit))
  }

  /** Those of a listener and of a rule: settings of both are one filter. */
  together(far: readonly ReadyFilter[], near: readonly ReadyFilter[], kit: Kit): readonly ReadyFilter[] {
    const all = [...far, ...near]
    const byConfig = new Map(all.map(one => [one.config, one]))
    const configs = this.merged(all.map(({ config }) => config))
    return configs.map(config => byConfig.get(config) ?? this.compile(config, kit))
  }

  /** Of settings at several places one is left, where the nearest stands. */
  private merged(configs: readonly FilterConfig[]): readonly FilterConfig[] {
    const left: FilterConfig[] = []
    for (const config of configs) {
      const { type } = this.row(config.type)
      const before = type.merge === undefined ? -1 : left.findIndex(one => one.type === config.type)
      if (before < 0) left.push(config)
      else left.push(type.merge!(left.splice(before, 1)[0]!, config))
    }
    return left
  }

  private compile(config: FilterConfig, kit: Kit): ReadyFilter {
    const { type } = this.row(config.type)
    return { order: this.orderOf(config), config, filter: guarded(type.compile(config, kit), kit) }
  }

  private orderOf({ type, ahead }: FilterConfig): number {
    const { order } = this.row(type)
    return ahead === true ? Math.min(EXTENSION, order) : order
  }

  private row(type: string): Row {
    const row = this.rows.get(type)
    if (row === undefined) throw new Error(`no filter of type ${JSON.stringify(type)} is known here`)
    return row
  }
}

/** What exchanges run, of filters in the order of lists: those of a listener before those of a rule. */
export function stepsOf(ready: readonly ReadyFilter[]): FilterSteps {
  if (ready.length === 0) return noSteps
  const sorted = ready.toSorted((a, b) => a.order - b.order)
  const filters = sorted.map(({ filter }) => filter)
  const answering = sorted.filter(({ filter }) => filter.response !== undefined).toReversed()
  const ending = sorted.filter(({ filter }) => filter.end !== undefined).toReversed()
  return {
    request: orNull(filters.flatMap(requestSteps)),
    response: orNull(answering.map(({ filter }) => filter.response!.bind(filter))),
    end: orNull(ending.map(({ filter }) => filter.end!.bind(filter))),
    requestOf: sorted.flatMap(({ filter, config }) => requestSteps(filter).map(() => config)),
    responseOf: answering.map(({ config }) => config),
    endOf: ending.map(({ config }) => config),
  }
}

/** When `end` runs the exchange is over: there is nobody to tell but the log, and others have still to run. */
function guarded(filter: Filter, { log }: Kit): Filter {
  const { end } = filter
  if (end === undefined) return filter
  const { body } = filter
  return {
    ...(body && { body }),
    ...(filter.urgent && { urgent: filter.urgent.bind(filter) }),
    ...(filter.request && { request: filter.request.bind(filter) }),
    ...(filter.response && { response: filter.response.bind(filter) }),
    end(x) {
      try {
        end.call(filter, x)
      } catch (error) {
        log.error('filter.end_failed', { route: x.route, error })
      }
    },
  }
}

/** A body that is to be held is a step of its own, which is waited for as any other; nobody else sees it. */
function requestSteps(filter: Filter): RequestStep[] {
  const { body } = filter
  const step = filter.request?.bind(filter)
  if (step === undefined) return []
  if (body === undefined) return [step]
  return [x => (body.only?.(x) === false ? undefined : x.holdBody(body)), step, x => x.hideBody()]
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list
}
