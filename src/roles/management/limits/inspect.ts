import { isIP } from 'node:net'
import type { Exchange, Fact, Inspection, InspectKit } from '../../../filters/filter.ts'
import { subscribedNote } from '../../../filters/identity.ts'
import { compilingKit, passes, undecidedNote } from '../../../filters/inspect.ts'
import { denialOf, type Denials } from './denial.ts'
import { describeLimit } from './describe.ts'
import type { Level, Metered } from './metered.ts'
import type { Meter } from './meter.ts'
import { standingNote, type Standing } from './standing.ts'
import { ApiStandings, Standings, type ProductConfig } from './standings.ts'
import { LimitStore } from './store/limit-store.ts'
import { LocalStore } from './store/local-store.ts'

interface ByProducts {
  readonly products: readonly ProductConfig[]
}

/** By which subscription a request would be made; it refuses nobody. */
export function inspectSubscription(config: ByProducts, x: Exchange, kit: InspectKit): Inspection {
  if (x.notes.get(undecidedNote) !== undefined) return passes
  const standing = standingOf(config, x, kit)
  const { subscribed, refusal } = standing
  x.notes.set(standingNote, standing)
  if (subscribed === null)
    return { ...passes, facts: [{ name: 'subscription', value: refusal?.failure ?? null }] }
  x.notes.set(subscribedNote, subscribed)
  const { product, plan, subscription } = subscribed
  return {
    ...passes,
    facts: [
      { name: 'product', value: product },
      { name: 'plan', value: plan },
      { name: 'subscription', value: subscription ?? 'none: the plan for who is anonymous' },
    ],
  }
}

/** Of what this node knows: a store that several share is not asked. */
function standingOf({ products }: ByProducts, { notes }: Exchange, kit: InspectKit): Standing {
  return new ApiStandings(products, new Standings(compilingKit(kit))).of({ notes })
}

export async function inspectPlan(
  config: ByProducts,
  x: Exchange,
  kit: InspectKit,
  metered: (standing: Standing) => Metered | null,
  denials: Denials,
): Promise<Inspection> {
  const undecided = x.notes.get(undecidedNote)
  if (undecided !== undefined) return { ...passes, unknown: undecided }
  const standing = x.notes.get(standingNote) ?? standingOf(config, x, kit)
  if (standing.refusal !== null) return { ...passes, refusal: standing.refusal }
  const all = metered(standing)
  return all === null ? passes : inspectMetered(standing.owner, all, x, kit, denials)
}

/** What is left of each limit, when there is more, and whether the request would be let through. Nothing is taken. */
export async function inspectMetered(
  owner: string,
  metered: Metered,
  x: Exchange,
  kit: InspectKit,
  denials: Denials,
): Promise<Inspection> {
  const { meters, levels } = metered
  if (kit.counters('') === null)
    return { facts: meters.map(declared), refusal: null, unknown: 'it depends on what is left of limits' }
  // Who is counted by an address has it at the end of the key.
  if (isIP(x.clientAddress) === 0 && meters.some(({ counted }) => counted.key.endsWith(' ')))
    return { facts: meters.map(declared), refusal: null, unknown: 'it depends on the address of the client' }
  const compiling = compilingKit(kit)
  await new LimitStore(new LocalStore(compiling), null, compiling.clock).look(metered)
  const facts = meters.map((meter, i) => standingFact(meter, levels[i]!, kit.wallMs()))
  const without = levels.flatMap(({ outcome }, i) => (outcome === 'denied' ? [i] : []))
  if (without.length === 0) return { ...passes, facts }
  const retrySeconds = Math.max(...without.map(i => levels[i]!.retrySeconds))
  const limits = without.map(i => meters[i]!.limit)
  return { facts, refusal: denialOf(owner, limits, retrySeconds, denials), unknown: null }
}

function declared({ limit }: Meter): Fact {
  return { name: limit.name, value: { limit: describeLimit(limit.row) } }
}

function standingFact({ limit }: Meter, level: Level, nowMs: number): Fact {
  const { remaining, resetSeconds, outcome } = level
  const isEver = Number.isFinite(resetSeconds)
  return {
    name: limit.name,
    value: {
      limit: describeLimit(limit.row),
      left: remaining,
      resetSeconds: isEver ? resetSeconds : null,
      renews: isEver ? instantText(nowMs + resetSeconds * 1_000) : null,
      ...(outcome === 'over' && { flagged: true }),
    },
  }
}

/** Seconds are rounded up until then, and so what is beyond a whole one is not of the limit. */
function instantText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
