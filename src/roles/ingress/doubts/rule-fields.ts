import type { FieldPath, Resource } from '../../../model/resource.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import type { Rule } from '../../../snapshot/rule.ts'
import type { VirtualHost, Listener, Port } from '../../../snapshot/snapshot.ts'

/** The object and the field that a rule of the snapshot was made of. */
export interface RuleField {
  readonly route: Resource
  readonly path: FieldPath
}

/** By the origins of rules, which rules keep whatever is made of them. */
const fields = new WeakMap<Origin, RuleField>()

/** Of a rule that is being made. */
export function noteField(origin: Origin, field: RuleField): void {
  fields.set(origin, field)
}

/** Undefined for a rule that was made of no route. */
export function fieldOf({ origin }: Pick<Rule, 'origin'>): RuleField | undefined {
  return fields.get(origin)
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
