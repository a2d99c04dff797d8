import type { ZonePreference } from '../../snapshot/cluster.ts'
import type { OwnZone } from './place.ts'

/** What may be near. */
export interface Zoned {
  /** "" where that is not known. */
  readonly zone: string
  readonly declaredWeight: number
}

/**
 * By which factors the weights of zones are multiplied, so that requests stay in the own one as far as no endpoint gets
 * more than its share for that; null where nothing is preferred.
 *
 * As Envoy has it (zone aware routing): the own zone has a part of all that serves, and a part of all requests comes in
 * here. Where the first is not less, everything stays. Otherwise as much stays as the zone can bear, and what is left
 * goes to those zones that have more than comes in there, by how much more. If all processes do so, each endpoint has its
 * share by weight. Other zones are taken to have equal parts of what does not come in here.
 *
 * `members` are all, serving or not: a zone in which none serves has requests all the same.
 */
export function zoneFactors(
  members: readonly Zoned[],
  serving: readonly Zoned[],
  own: OwnZone,
  { minEndpoints, percent, forceFrom }: ZonePreference,
): ReadonlyMap<string, number> | null {
  if (serving.length < minEndpoints) return null
  const parts = partsOf(serving)
  const near = parts.get(own.name)
  if (near === undefined || parts.size < 2) return null
  const incoming = incomingOf(members, own)
  const isForced = forceFrom !== undefined && serving.filter(one => one.zone === own.name).length >= forceFrom
  const stays = isForced ? 1 : Math.min(1, near / incoming(own.name))
  const spare = (zone: string): number => Math.max(0, parts.get(zone)! - incoming(zone))
  const others = [...parts.keys()].filter(zone => zone !== own.name)
  const spares = others.reduce((sum, zone) => sum + spare(zone), 0)
  const factors = new Map([[own.name, stays / near]])
  for (const zone of others)
    factors.set(zone, spares > 0 ? ((1 - stays) * spare(zone)) / spares / parts.get(zone)! : 0)
  return percent === 100 ? factors : mixed(factors, percent / 100)
}

/** The part of the whole weight that each zone has. */
function partsOf(serving: readonly Zoned[]): ReadonlyMap<string, number> {
  const whole = serving.reduce((sum, { declaredWeight }) => sum + declaredWeight, 0)
  const parts = new Map<string, number>()
  for (const { zone, declaredWeight } of serving)
    parts.set(zone, (parts.get(zone) ?? 0) + declaredWeight / whole)
  return parts
}

/** The part of all requests that comes in by each zone; none where no zone is known. */
function incomingOf(members: readonly Zoned[], own: OwnZone): (zone: string) => number {
  const zones = new Set(members.map(({ zone }) => zone))
  zones.delete('')
  zones.add(own.name)
  if (zones.size === 1) return zone => (zone === '' ? 0 : 1)
  const here = own.share ?? 1 / zones.size
  const elsewhere = (1 - here) / (zones.size - 1)
  return zone => (zone === '' ? 0 : zone === own.name ? here : elsewhere)
}

/** So much of the requests is sent by zones, and the rest by weight alone. */
function mixed(factors: ReadonlyMap<string, number>, part: number): ReadonlyMap<string, number> {
  return new Map([...factors].map(([zone, factor]) => [zone, part * factor + 1 - part]))
}
