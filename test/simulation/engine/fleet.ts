import type { Fault, HostSettings } from './host.ts'

/** Requests in a second of an open loop, and how many clients they are of. */
export const CLIENTS = 1_000
export const PER_SECOND = 1_000

/** Fifty hosts that could take ten times as much as `PER_SECOND`; `faults` of each by its number. */
export function fifty(
  faults: (host: number) => readonly Fault[],
  more: Partial<HostSettings> = {},
): readonly HostSettings[] {
  return Array.from({ length: 50 }, (_, host) => ({
    serviceMs: 20,
    spread: 0.3,
    places: 4,
    queue: 100,
    faults: faults(host),
    ...more,
  }))
}
