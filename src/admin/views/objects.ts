import type { InForce } from '../../control/controller.ts'
import type { Held } from '../../model/last-good.ts'
import type { Kinds } from '../../model/kinds.ts'
import { formatPosition } from '../../model/problem.ts'
import type { Resource, ResourceRef } from '../../model/resource.ts'
import { keyOf, refKey, refOf, shortName, type Resources } from '../../model/resources.ts'
import type * as shapes from '../shapes/object.ts'
import { conditionView } from '../../api/condition-view.ts'
import { conditionsOf } from './conditions.ts'
import { countsOf, findingsInForce, findingView, type ToldFinding } from './findings.ts'
import { objectYaml } from '../../api/object-yaml.ts'
import { byText, countedPage, textFilter } from './page.ts'
import type { RuleIndex } from './rule-index.ts'
import { usersOf } from './users.ts'

export interface ObjectSource extends Pick<
  InForce,
  'status' | 'resources' | 'snapshot' | 'held' | 'translated'
> {
  readonly kinds: Kinds
  /** Of what is declared, and of what runs. */
  readonly findings: readonly ToldFinding[]
}

/** An object that is declared, whether or not it is in force. */
interface Declared {
  /** `HTTPRoute/default/items gateway.networking.k8s.io`: in the order in which people look for them. */
  readonly key: string
  readonly ref: ResourceRef
  /** Null where it was refused, and no version of it is in force. */
  readonly resource: Resource | null
}

export function objectPage(source: ObjectSource, query: shapes.ObjectQuery): shapes.Objects {
  const { q, kind, namespace, troubled } = query
  const findings = findingIndex(source.findings)
  const held = heldIndex(source.held)
  const text = q === undefined ? null : textFilter(q)
  const isWanted = ({ ref, resource, key }: Declared): boolean =>
    (kind === undefined || ref.kind === kind) &&
    (namespace === undefined || ref.namespace === namespace) &&
    (troubled === undefined || findings.has(refKey(ref)) === troubled) &&
    (text === null || text(key) || text(fileOf(resource)))
  const all = [q, kind, namespace, troubled].every(one => one === undefined)
  const page = countedPage(declaredIn(source), ({ key }) => key, query, all ? null : isWanted)
  return {
    ...page,
    items: page.items.map(one => ({
      ...headOf(one, source, held),
      problems: countsOf(findings.get(refKey(one.ref)) ?? []),
    })),
  }
}

export function objectView(
  source: ObjectSource & { readonly index: RuleIndex },
  ref: ResourceRef,
): shapes.ObjectWhole | null {
  const key = refKey(ref)
  const resource = source.resources.find(key) ?? null
  const problems = findingIndex(source.findings).get(key) ?? []
  if (resource === null && problems.length === 0) return null
  const one = { key, ref, resource }
  return {
    ...headOf(one, source, heldIndex(source.held), problems),
    yaml: resource === null ? null : objectYaml(resource),
    conditions: conditionsOf(source.status.conditions, ref).map(conditionView),
    problems: problems.map(findingView),
    usedBy: usersOf(ref, source.index, source.snapshot),
  }
}

const sorted = new WeakMap<InForce['status'], readonly Declared[]>()

function declaredIn(source: Omit<ObjectSource, 'findings'>): readonly Declared[] {
  let list = sorted.get(source.status)
  if (list === undefined)
    sorted.set(source.status, (list = allOf(source).toSorted((a, b) => byText(a.key, b.key))))
  return list
}

/** Those in force, and those that were refused, which only problems name. */
function allOf(source: Omit<ObjectSource, 'findings'>): readonly Declared[] {
  const { resources } = source
  const refused = new Map<string, ResourceRef>()
  for (const { resource: ref } of findingsInForce(source))
    if (ref !== null && ref.name !== '' && resources.find(refKey(ref)) === undefined)
      refused.set(refKey(ref), ref)
  return [
    ...resources.list.map(resource => declared(refOf(resource), resource)),
    ...[...refused.values()].map(ref => declared(ref, null)),
  ]
}

function declared(ref: ResourceRef, resource: Resource | null): Declared {
  return { key: `${shortName(ref)} ${ref.group}`, ref, resource }
}

function headOf(
  { ref, resource }: Declared,
  { kinds, resources }: { readonly kinds: Kinds; readonly resources: Resources },
  held: ReadonlyMap<string, Held>,
  problems: readonly ToldFinding[] = [],
) {
  const kept = held.get(refKey(ref))
  return {
    ...ref,
    version: resource?.apiVersion.split('/').at(-1) ?? '',
    role: kinds.find(ref.group, ref.kind)?.role ?? null,
    source: resource?.at([]) ?? problems[0]?.position ?? refusedAt(ref, resources, kinds),
    inForce: resource !== null,
    held: kept !== undefined,
    since: kept?.since ?? null,
  }
}

function refusedAt({ group, kind, namespace, name }: ResourceRef, resources: Resources, kinds: Kinds) {
  const known = kinds.find(group, kind)
  return known === undefined ? null : (resources.refusal(known, namespace, name)?.position ?? null)
}

function fileOf(resource: Resource | null): string {
  const at = resource?.at([]) ?? null
  return at === null ? '' : formatPosition(at)
}

const indexes = new WeakMap<readonly ToldFinding[], ReadonlyMap<string, readonly ToldFinding[]>>()

function findingIndex(findings: readonly ToldFinding[]): ReadonlyMap<string, readonly ToldFinding[]> {
  let index = indexes.get(findings)
  if (index === undefined)
    indexes.set(
      findings,
      (index = Map.groupBy(findings, ({ resource }) => (resource === null ? '' : refKey(resource)))),
    )
  return index
}

function heldIndex(held: readonly Held[]): ReadonlyMap<string, Held> {
  return new Map(held.map(one => [keyOf(one.resource), one]))
}
