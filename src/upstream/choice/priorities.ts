/** A level serves all requests until fewer than 1/1.4 of it serve, as with Envoy: so much is to be there in any case. */
const SPARE = 1.4

/** What has a priority; the lower goes first. */
export interface Ranked {
  readonly priority: number
  readonly declaredWeight: number
}

/** The endpoints of one level that get requests, and its part of them all. */
export interface Level<E> {
  readonly endpoints: readonly E[]
  readonly share: number
}

/** Whether those that serve bear all requests: then nobody else is to be asked, however few of all they are. */
export function bearAll(members: readonly Ranked[], serving: readonly Ranked[]): boolean {
  return healthOf(members, serving).reduce((sum, { health }) => sum + health, 0) >= 1
}

/**
 * Which levels of priority get requests, and how much: the first as much as its health bears, what is left the next, and
 * so on. Where all of them together do not bear it, they share it by their health. An endpoint that does not serve
 * counts against its level.
 */
export function levelsOf<E extends Ranked>(
  members: readonly E[],
  serving: readonly E[],
): readonly Level<E>[] {
  const levels = healthOf(members, serving)
  const whole = Math.min(
    1,
    levels.reduce((sum, { health }) => sum + health, 0),
  )
  let left = 1
  return levels.flatMap(({ endpoints, health }) => {
    const share = Math.min(left, health / whole)
    left -= share
    // What is left of 1 by rounding is nobody's.
    return share > 1e-9 ? [{ endpoints, share }] : []
  })
}

/** The first level first. */
function healthOf<E extends Ranked>(members: readonly E[], serving: readonly E[]) {
  const priorities = [...new Set(members.map(({ priority }) => priority))].sort((a, b) => a - b)
  return priorities.map(priority => {
    const endpoints = serving.filter(one => one.priority === priority)
    const size = members.filter(one => one.priority === priority).length
    return { endpoints, health: Math.min(1, (SPARE * endpoints.length) / size) }
  })
}

/**
 * Those that get requests, with the weights that give each level its share. With one level, which is the rule, weights
 * stay as they are.
 */
export function byPriority<E extends Ranked & { weight: number }>(levels: readonly Level<E>[]): readonly E[] {
  if (levels.length <= 1) return levels[0]?.endpoints ?? []
  for (const { endpoints, share } of levels) {
    const total = endpoints.reduce((sum, { declaredWeight }) => sum + declaredWeight, 0)
    for (const endpoint of endpoints) endpoint.weight *= share / total
  }
  return levels.flatMap(({ endpoints }) => endpoints)
}
