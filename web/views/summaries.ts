import type { Cluster, Endpoint } from '../../src/admin/shapes/cluster.ts'
import type { Figures } from '../../src/admin/shapes/figures.ts'
import type { Action, Match, Rule } from '../../src/admin/shapes/rule.ts'
import type { FactValue } from '../api/explanation.ts'
import type { Tone } from '../parts/mark.tsx'
import { shortCluster } from '../format.ts'
import { backendsTexts } from '../texts/backends.ts'
import { explainTexts } from '../texts/explain.ts'
import { mapTexts } from '../texts/map.ts'

/** `GET /items/… x-a: 1`: a match in a few characters. */
export function matchText({ path, method, headers, query }: Match): string {
  const shown =
    path.type === 'prefix' ? `${path.value}/…` : path.type === 'regex' ? `~ ${path.value}` : path.value
  const named = [
    ...headers.map(({ name, type, value }) => `${name}${type === 'regex' ? ' ~ ' : ': '}${value}`),
    ...query.map(({ name, type, value }) => `?${name}${type === 'regex' ? ' ~ ' : '='}${value}`),
  ]
  return [method, shown, ...named].filter(part => part !== '').join(' ')
}

/** What a filter has found out, in a line. */
export function factText(value: FactValue): string {
  if (value === null) return explainTexts.none
  if (isList(value)) return value.map(factText).join('; ')
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([name, one]) => `${name} ${factText(one)}`)
    .join(', ')
}

function isList(value: FactValue): value is readonly FactValue[] {
  return Array.isArray(value)
}

export function hostText(hostnames: readonly string[]): string {
  return hostnames.map(name => (name === '' ? mapTexts.anyHost : name)).join(', ')
}

/** Where it goes, by the names of clusters; what else becomes of it in the gateway's words. */
export function actionText(action: Action): string {
  if (action.type !== 'forward') return action.summary
  return action.backends
    .map(({ cluster }) => (cluster === null ? mapTexts.refused : shortCluster(cluster)))
    .join(', ')
}

export function ruleTone({ closed, closedOn, conditions, action }: Rule): Tone {
  if (closed || action.type === 'respond') return 'bad'
  return closedOn.length > 0 || conditions.some(({ good }) => !good) ? 'warn' : 'good'
}

export interface Health {
  readonly tone: Tone
  readonly text: string
}

type Sums = Pick<
  Figures['clusters'][number],
  'serving' | 'endpoints' | 'requestsPerS' | 'connectFailuresPerS'
>

/** As workers have told, and as the figures of this second have it: the worse of the two. */
export function healthOf(
  { endpoints, breaker }: Pick<Cluster, 'endpoints' | 'breaker'>,
  sums?: Sums,
): Health {
  if (breaker?.state === 'open') return { tone: 'bad', text: backendsTexts.kept }
  const told = health(endpoints.filter(({ state }) => serves(state)).length, endpoints.length)
  const now = sums === undefined ? told : liveHealth(sums)
  return rank[now.tone] > rank[told.tone] ? now : told
}

/** The only endpoint of a cluster is never left out: where it answers nothing and cannot be connected to, none serves. */
export function liveHealth({ serving, endpoints, requestsPerS, connectFailuresPerS }: Sums): Health {
  return health(requestsPerS === 0 && connectFailuresPerS > 0 ? 0 : serving, endpoints)
}

const rank: Readonly<Record<Tone, number>> = { quiet: 0, accent: 0, good: 0, warn: 1, bad: 2 }

function health(serving: number, all: number): Health {
  const t = backendsTexts
  if (all === 0) return { tone: 'bad', text: t.empty }
  if (serving === all) return { tone: 'good', text: t.well }
  return serving === 0 ? { tone: 'bad', text: t.none } : { tone: 'warn', text: t.part(serving, all) }
}

/** Whether requests are answered there: `failing` is asked, and does not; `unknown` has not been said to be otherwise. */
export function serves(state: Endpoint['state']): boolean {
  return state === 'serving' || state === 'unknown'
}

export const endpointTones: Readonly<Record<Endpoint['state'], Tone>> = {
  serving: 'good',
  failing: 'bad',
  unready: 'quiet',
  unhealthy: 'bad',
  ejected: 'bad',
  resolving: 'warn',
  unresolved: 'bad',
  unknown: 'quiet',
}

/** Its type, and what else it is set to. */
export function balancerText({ type, ...settings }: Cluster['balancer']): string {
  const others = Object.entries(settings).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return [String(type), ...others].join(', ')
}
