import { kinds } from '../../src/cli/roles.ts'
import { ruleTypes } from '../../src/cli/rule-types.ts'
import { LiveFigures } from '../../src/admin/figures/figures.ts'
import { declaredKit } from '../../src/filters/inspect.ts'
import type { Seen } from '../../src/admin/seen.ts'
import { CacheKeeper } from '../../src/shared/cache/keeper.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { FakeClock } from './clock.ts'

/** What the API sees of a process that has done nothing yet, but for what is given. */
export function seenIn(given: Partial<Seen> = {}): Seen {
  const metrics = given.metrics ?? new MetricsReader()
  const clock = new FakeClock()
  return {
    program: {
      version: '1.2.3',
      node: '24.0.0',
      startedMs: 1_000,
      paths: ['here'],
      roles: ['ingress'],
      workers: 2,
    },
    ready: () => true,
    inForce: () => null,
    metrics,
    types: ruleTypes,
    kinds,
    health: () => Promise.resolve([[], []]),
    figures: new LiveFigures({
      metrics,
      workers: () => 2,
      file: null,
      calendar: clock,
      nowMs: () => clock.now(),
    }),
    recent: null,
    cache: new CacheKeeper(1_000_000),
    inspectKit: declaredKit({}),
    nowMs: () => 3_500,
    ...given,
  }
}
