import type { InForce } from '../../control/controller.ts'
import { listenReason } from '../../control/port-errors.ts'
import type { Seen } from '../seen.ts'
import type * as shapes from '../shapes/status.ts'
import { countsOf, type ToldFinding } from './findings.ts'
import type { RuleIndex } from './rule-index.ts'

/** `inForce` null: nothing is yet. */
export function statusView(
  { program, ready, nowMs }: Pick<Seen, 'program' | 'ready' | 'nowMs'>,
  inForce: (InForce & { readonly index: RuleIndex }) | null,
  findings: readonly ToldFinding[],
): shapes.Status {
  const { version, node, startedMs, workers, roles, paths } = program
  return {
    program: { version, node },
    startedAt: new Date(startedMs).toISOString(),
    uptimeS: Math.floor((nowMs() - startedMs) / 1000),
    ready: ready(),
    snapshot: inForce && {
      version: inForce.snapshot.version,
      appliedAt: new Date(inForce.appliedMs).toISOString(),
    },
    workers,
    roles,
    paths,
    ports: inForce === null ? [] : portsOf(inForce),
    problems: countsOf(findings),
    held: inForce?.held.length ?? 0,
    counts: inForce === null ? nothing : countsIn(inForce),
  }
}

function portsOf({ snapshot: { ports }, status: { portErrors } }: InForce): shapes.Status['ports'] {
  return ports.map(({ key, protocol }) => {
    const error = portErrors.find(one => one.key === key)
    return { key, protocol, error: error === undefined ? null : listenReason(error.error) }
  })
}

const nothing = { gateways: 0, listeners: 0, rules: 0, clusters: 0, endpoints: 0 } as const

function countsIn({
  snapshot: { clusters, endpoints },
  index: { listeners, rules },
}: InForce & { readonly index: RuleIndex }): shapes.Status['counts'] {
  const gateways = new Set([...listeners.keys()].map(name => name.slice(0, name.lastIndexOf('/'))))
  return {
    gateways: gateways.size,
    listeners: listeners.size,
    rules: rules.length,
    clusters: clusters.length,
    endpoints: Object.values(endpoints).reduce((sum, list) => sum + list.length, 0),
  }
}
