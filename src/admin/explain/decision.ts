import type { Exchange, Failure, Inspection, InspectKit } from '../../filters/filter.ts'
import { failures } from '../../http/failures.ts'
import type { RuleTypes } from '../../proxy/compile.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import { askedExchange } from './asked-exchange.ts'
import { filtersMet, type Explanation, type MetFilter } from './explanation.ts'

/** A filter that is met, and what it would make of the request. */
export interface InspectedFilter extends MetFilter {
  /** Null where it was not asked: it refuses nobody, leaves the request out, or comes behind one that refuses. */
  readonly inspection: Inspection | null
}

/** What the filters together make of a request. */
export interface Decision {
  readonly filters: readonly InspectedFilter[]
  /** The first that refuses, and what it answers. */
  readonly refusal: { readonly by: FilterConfig; readonly failure: Failure } | null
  /** What only somebody else knows, so that another answer is possible. */
  readonly unknown: readonly string[]
}

const nothing: Decision = { filters: [], refusal: null, unknown: [] }

/** Asks filters one after the other, as a request would; nothing is counted. `client`: the address, or "". */
export async function decide(
  explanation: Explanation,
  types: RuleTypes,
  kit: InspectKit,
  client: string,
): Promise<Decision> {
  if (!('head' in explanation)) return nothing
  const x = askedExchange(explanation, client)
  const filters: InspectedFilter[] = []
  const unknown = new Set<string>()
  let refusal: Decision['refusal'] = null
  for (const met of filtersMet(explanation, types)) {
    const isAsked: boolean = refusal === null && !met.excepted
    const inspection: Inspection | null = isAsked ? await inspect(met.filter, x, types, kit) : null
    filters.push({ ...met, inspection })
    if (inspection === null) continue
    if (inspection.unknown !== null) unknown.add(inspection.unknown)
    if (inspection.refusal !== null) refusal = { by: met.filter, failure: inspection.refusal }
  }
  return { filters, refusal, unknown: [...unknown] }
}

/** Without asking anybody: what stands there. */
export function undecided(explanation: Explanation, types: RuleTypes): Decision {
  if (!('head' in explanation)) return nothing
  return { ...nothing, filters: filtersMet(explanation, types).map(met => ({ ...met, inspection: null })) }
}

async function inspect(
  filter: FilterConfig,
  x: Exchange,
  types: RuleTypes,
  kit: InspectKit,
): Promise<Inspection | null> {
  try {
    return (await types.filters.find(filter.type).inspect?.(filter, x, kit)) ?? null
  } catch (error) {
    return { facts: [], refusal: null, unknown: `${filter.type} cannot be asked: ${String(error)}` }
  }
}

/** Null where no filter had anything to say. */
export function decisionJson({ filters, refusal, unknown }: Decision) {
  if (filters.every(({ inspection }) => inspection === null)) return null
  const outcome = refusal !== null ? 'refused' : unknown.length > 0 ? 'unknown' : 'passes'
  return { outcome, refusal: refusal && refusalJson(refusal), unknown }
}

function refusalJson({ by, failure }: NonNullable<Decision['refusal']>) {
  const { status, title } = failures[failure.failure]
  return {
    failure: failure.failure,
    status,
    title,
    detail: failure.detail ?? '',
    filter: by.type,
    origin: by.origin,
  }
}

/** In one line; null where there is nothing to say. */
export function decisionText(decision: Decision): string | null {
  const { refusal, unknown } = decision
  const json = decisionJson(decision)
  if (json === null) return null
  const doubts = unknown.length === 0 ? '' : `not known here: ${unknown.join('; ')}`
  if (refusal === null) return doubts === '' ? 'no filter refuses it' : doubts
  const { status, title } = failures[refusal.failure.failure]
  const { failure, detail } = refusal.failure
  const because = detail === undefined || detail === '' ? '' : ` (${detail})`
  // What is not known comes before the refusal, and could only refuse in another way.
  const otherwise = doubts === '' ? '' : `, or otherwise: ${doubts}`
  return `answered ${status} ${failure}, ${title.charAt(0).toLowerCase()}${title.slice(1)}${because}${otherwise}`
}
