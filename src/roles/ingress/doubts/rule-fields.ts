import type { FieldPath, Resource } from '../../../model/resource.ts'
import type { VirtualHost, Listener, Origin, Port, Rule } from '../../../snapshot/snapshot.ts'
import type { RouteState } from '../routes/route.ts'

/** The object and the field that a rule of the snapshot was made of. */
export interface RuleField {
  readonly route: Resource
  readonly path: FieldPath
}

/** By the origins of rules, which rules keep whatever is made of them. */
export type RuleFields = ReadonlyMap<Origin, RuleField>

export function ruleFieldsOf(states: readonly RouteState[]): RuleFields {
  const fields = new Map<Origin, RuleField>()
  for (const { route, entries } of states)
    for (const { entry, tie } of entries)
      fields.set(entry.rule.origin, { route, path: ['spec', 'rules', tie.rule] })
  return fields
}

/** The hosts of every listener, once also where a Gateway has several addresses. */
export function hostsOf(ports: readonly Port[]): VirtualHost[] {
  const listeners = new Set<Listener>(ports.flatMap(port => port.listeners))
  return [...listeners].flatMap(({ hosts }) => hosts)
}

/** `HTTPRoute/default/shop spec.rules[0] (shop.yaml:14:5)`, to name it in a message. */
export function describeRule({ origin }: Pick<Rule, 'origin'>): string {
  return `${origin.resource} ${origin.path}${placeOf(origin)}`
}

/** ` (shop.yaml:14:5)`, or nothing for what came from no file. */
function placeOf({ file, line, column }: Pick<Origin, 'file' | 'line' | 'column'>): string {
  return file === '' ? '' : ` (${file}:${line}:${column})`
}
