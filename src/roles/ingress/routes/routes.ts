import { isKind } from '../../../model/kind.ts'
import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { TCPRoute } from '../../../model/kinds/tcp-route.ts'
import { UDPRoute } from '../../../model/kinds/udp-route.ts'
import { TLSRoute } from '../../../model/kinds/tls-route.ts'
import type { Resources } from '../../../model/resources.ts'
import { Successive } from '../../../snapshot/memo.ts'
import { placesBefore } from '../../../snapshot/runs.ts'
import { grpcRouteOf } from './grpc-route.ts'
import { httpRouteOf } from './http-route.ts'
import { isValid, type RouteState } from './route.ts'
import { leadsAsBefore, ledBy, type Followed, type Leads } from './rules.ts'
import { streamRouteOf } from './stream-route.ts'

/**
 * All routes in the order in which they are attached. HTTPRoutes and GRPCRoutes have
 * one order of age, for the older one has a hostname that both want; those that are not
 * accepted come last, so that they take no hostname from those that are.
 */
export function routesOf(resources: Resources, leads: Leads): RouteState[] {
  const { states, invalid } = statesOf(requestRoutes(resources), leads)
  return [
    ...(invalid === 0 ? states : states.filter(isValid)),
    ...(invalid === 0 ? [] : states.filter(state => !isValid(state))),
    ...[TLSRoute, TCPRoute, UDPRoute].flatMap(kind =>
      resources.all(kind).map(route => streamRouteOf(route, leads.backends)),
    ),
  ]
}

type RequestRoute = HTTPRoute | GRPCRoute

function requestRoutes(resources: Resources): readonly RequestRoute[] {
  const calls = resources.all(GRPCRoute)
  if (calls.length === 0) return resources.all(HTTPRoute)
  return resources.list.filter(one => isKind(one, HTTPRoute) || isKind(one, GRPCRoute))
}

/** What a list of routes came to, the oldest first. */
interface Known {
  readonly states: readonly RouteState[]
  /** Of each a number that is larger than those of the older ones, and stays as long as the route does. */
  readonly ages: readonly number[]
  /** Of each where its references led, as far as it depends on nothing else beside itself; null where it does. */
  readonly led: readonly (readonly Followed[] | null)[]
  /** Each way that is in `led`, and how many go it. */
  readonly ways: ReadonlyMap<string, Way>
  /** How many of them are not valid. */
  readonly invalid: number
}

interface Way {
  readonly followed: Followed
  readonly routes: number
}

const made = new Successive<RequestRoute, Known>()

/**
 * Of 10,000 routes a change is about a few: the others are not looked into as long as every way that references went
 * leads where it led, and of those there are as many as there are backends.
 */
function statesOf(routes: readonly RequestRoute[], leads: Leads): Known {
  const { list, value } = made.before(routes) ?? { list: [], value: nothing }
  const places = placesBefore(list, routes)
  const ages = agesOf(places, value.ages)
  const isLed = value.ways.values().every(({ followed }) => leadsAsBefore(followed, leads.backends))
  return made.keep(
    routes,
    isLed ? kept(routes, places, ages, value, leads) : kept(routes, nowhere(places), ages, nothing, leads),
  )
}

const nothing: Known = { states: [], ages: [], led: [], ways: new Map(), invalid: 0 }

const nowhere = (places: Int32Array): Int32Array => new Int32Array(places.length).fill(-1)

/** One that comes between others is as old as neither of them; where no number is left between two, all are numbered anew. */
function agesOf(places: Int32Array, before: readonly number[]): readonly number[] {
  const ages: number[] = []
  let next = 0
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!
    if (place >= 0) {
      ages.push(before[place]!)
      continue
    }
    next = Math.max(next, i)
    while (next < places.length && places[next]! < 0) next++
    const above = ages.at(-1)
    const below = next === places.length ? undefined : before[places[next]!]!
    const age =
      above === undefined
        ? (below ?? 1) - (next - i)
        : below === undefined
          ? above + 1
          : above + (below - above) / (next - i + 1)
    if ((above !== undefined && age <= above) || (below !== undefined && age >= below))
      return Array.from(places, (_, n) => n)
    ages.push(age)
  }
  return ages
}

function kept(
  routes: readonly RequestRoute[],
  places: Int32Array,
  ages: readonly number[],
  before: Known,
  leads: Leads,
): Known {
  const ways = new Map(before.ways)
  const states: RouteState[] = []
  const led: (readonly Followed[] | null)[] = []
  const stays = new Uint8Array(before.states.length)
  let { invalid } = before
  for (let i = 0; i < routes.length; i++) {
    const place = places[i]!
    const then = before.led[place] ?? null
    if (then !== null && ages[i] === before.ages[place]) {
      stays[place] = 1
      states.push(before.states[place]!)
      led.push(then)
      continue
    }
    const [route, age] = [routes[i]!, ages[i]!]
    const state = isKind(route, HTTPRoute) ? httpRouteOf(route, age, leads) : grpcRouteOf(route, age, leads)
    const now = ledBy(route)
    if (!isValid(state)) invalid++
    if (now !== null) go(ways, now, 1)
    states.push(state)
    led.push(now)
  }
  for (let i = 0; i < stays.length; i++) {
    if (stays[i] === 1) continue
    if (!isValid(before.states[i]!)) invalid--
    go(ways, before.led[i] ?? [], -1)
  }
  return { states, ages, led, ways, invalid }
}

function go(ways: Map<string, Way>, led: readonly Followed[], by: 1 | -1): void {
  for (const followed of led) {
    const routes = (ways.get(followed.way)?.routes ?? 0) + by
    if (routes === 0) ways.delete(followed.way)
    else ways.set(followed.way, { followed, routes })
  }
}
