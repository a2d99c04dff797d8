import { Namespace } from '../../../model/kinds/namespace.ts'
import type { Condition, Problem, Resource } from '../../../model/resource.ts'
import { Successive } from '../../../snapshot/memo.ts'
import { placesBefore } from '../../../snapshot/runs.ts'
import { isUsable, type GatewayState } from '../gateway/gateway-state.ts'
import { isServed, type ListenerState } from '../gateway/listeners.ts'
import { attachRoute, isOwner, sharesOf, takeShares, type Attaching, type Share } from './attach.ts'
import type { RouteState } from './route.ts'

/** What became of a route, and what that depends on beside the route: where it was attached. */
interface Known {
  readonly scene: Scene
  readonly conditions: readonly Condition[]
  readonly problems: readonly Problem[]
  readonly taken: readonly { readonly listener: number; readonly shares: readonly Share[] }[]
}

/** All that attaching looks at beside the route and other routes; the same object while that is the same. */
interface Scene {
  readonly facts: readonly unknown[]
}

/** A route that stays the same one has the same state (routes/rules.ts). */
const known = new WeakMap<RouteState, Known>()

/** By the first Gateway. */
const scenes = new WeakMap<Resource, Scene>()

/** What became of the routes at their places. */
const attached = new Successive<RouteState, readonly (Known | undefined)[]>()

/**
 * Attaches all routes, the oldest first; answers with the listeners that took each TLSRoute. What becomes of a route
 * where it depends on nothing but itself and our Gateways is found out once: most of 10,000 did not change.
 */
export function attachRoutes(
  world: Attaching,
  routes: readonly RouteState[],
): ReadonlyMap<RouteState, ReadonlySet<ListenerState>> {
  const listeners = [...world.gateways.values()].flatMap(gateway => gateway.listeners)
  const scene = sceneOf(world)
  const streams = new Map<RouteState, ReadonlySet<ListenerState>>()
  const { list, value } = attached.before(routes) ?? { list: [], value: [] }
  const places = placesBefore(list, routes)
  const now = routes.map((state, i) => {
    if (state.stream !== null) return void streams.set(state, attachRoute(world, state).taken)
    const then = value[places[i]!] ?? known.get(state)
    return then?.scene === scene && attachAsBefore(world, state, then, listeners)
      ? then
      : attachAnew(world, state, scene, listeners)
  })
  attached.keep(routes, now)
  return streams
}

function sceneOf({ gateways, resources }: Attaching): Scene {
  const facts = [...[...gateways.values()].flatMap(factsOf), ...resources.all(Namespace)]
  const [first] = gateways.values()
  const before = first && scenes.get(first.gateway)
  if (before?.facts.length === facts.length && before.facts.every((fact, i) => fact === facts[i]))
    return before
  const scene = { facts }
  if (first) scenes.set(first.gateway, scene)
  return scene
}

function factsOf(state: GatewayState): unknown[] {
  const { gateway, listeners } = state
  const served = listeners.map(isServed)
  const sets = state.sets.map(({ set }) => set)
  return [
    gateway,
    isUsable(state),
    ...sets,
    ...served,
    ...listeners.map(({ routeKinds }) => routeKinds.join(' ')),
  ]
}

/** Whether it could be: not where a route of the other kind has its hostname now. */
function attachAsBefore(
  { report }: Attaching,
  state: RouteState,
  before: Known,
  listeners: readonly ListenerState[],
): boolean {
  if (before.taken.some(one => isRivalled(state, listeners[one.listener]!, one.shares))) return false
  for (const { listener, shares } of before.taken) takeShares(listeners[listener]!, state, shares)
  for (const condition of before.conditions) report.conditions.push(condition)
  for (const problem of before.problems) report.problems.push(problem)
  return true
}

function isRivalled({ route }: RouteState, { owners }: ListenerState, shares: readonly Share[]): boolean {
  return isOwner(route) && shares.some(([hostname]) => owners.rivalOf(route, hostname) !== null)
}

function attachAnew(
  world: Attaching,
  state: RouteState,
  scene: Scene,
  listeners: readonly ListenerState[],
): Known | undefined {
  const { conditions, problems } = world.report
  const [saidBefore, foundBefore] = [conditions.length, problems.length]
  const { taken, mixed } = attachRoute(world, state)
  if (mixed) return void known.delete(state)
  const now = {
    scene,
    conditions: conditions.slice(saidBefore),
    problems: problems.slice(foundBefore),
    taken: [...taken].map(one => ({ listener: listeners.indexOf(one), shares: sharesOf(state, one) })),
  }
  known.set(state, now)
  return now
}
