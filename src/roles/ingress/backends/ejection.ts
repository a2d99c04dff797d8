import { backendDefaults } from '../../../model/defaults.ts'
import { durationMs } from '../../../model/quantity.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { Ejection, PassiveChecks } from '../../../snapshot/health.ts'
import { given } from '../../../translation/policies.ts'
import { ejectionSettings } from '../defaults.ts'
import type { BackendPolicy } from '../kinds/backend-policy.ts'

type Outliers = NonNullable<BackendPolicy['body']['spec']['outlierDetection']>

/** What policies say about outliers, the farthest first: field by field the nearer one wins. */
export function ejectionOf(policies: readonly BackendPolicy[]): Pick<Cluster, 'ejection' | 'panicPercent'> {
  const said = policies.flatMap(({ body }) => body.spec.outlierDetection ?? [])
  const all = nearest(said)
  const { maxEjectedPercent = backendDefaults.maxEjectedPercent } = all
  return {
    ejection: maxEjectedPercent === 0 ? null : ejection(all, said),
    ...given<Pick<Cluster, 'panicPercent'>>({ panicPercent: all.panicThreshold }),
  }
}

function ejection(all: Outliers, said: readonly Outliers[]): Ejection {
  const passive = passiveChecks(all, said)
  const { consecutiveFailures, maxEjectedPercent } = all
  const patch = {
    consecutiveFailures,
    baseEjectionMs: ms(all.baseEjection),
    maxEjectionMs: ms(all.maxEjection),
    maxEjectedPercent,
  }
  return { ...ejectionSettings, ...given<Ejection>(patch), ...(passive === null ? {} : { passive }) }
}

/** Null where nothing is made of answers, and they cost nothing. */
function passiveChecks(all: Outliers, said: readonly Outliers[]): PassiveChecks | null {
  const { consecutive5xx = 0, consecutiveGatewayErrors = 0 } = all
  const successRate = said.some(one => one.successRate !== undefined) ? successRateOf(said) : null
  const latency = said.some(one => one.latency !== undefined) ? latencyOf(said) : null
  if (consecutive5xx + consecutiveGatewayErrors === 0 && successRate === null && latency === null) return null
  const intervalMs = ms(all.interval) ?? backendDefaults.outlierIntervalMs
  return { consecutive5xx, consecutiveGatewayErrors, intervalMs, successRate, latency }
}

function successRateOf(said: readonly Outliers[]): PassiveChecks['successRate'] {
  return { ...backendDefaults.successRate, ...nearest(said.map(one => one.successRate)) }
}

function latencyOf(said: readonly Outliers[]): PassiveChecks['latency'] {
  const { least, ...rest } = nearest(said.map(one => one.latency))
  const { leastMs, ...usual } = backendDefaults.latency
  return { ...usual, ...rest, leastMs: ms(least) ?? leastMs }
}

/** Of several, field by field the last that says something. */
function nearest<T extends object>(said: readonly (T | undefined)[]): Partial<T> {
  const all: Partial<T> = {}
  for (const one of said) Object.assign(all, one)
  return all
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationMs(text)
}
