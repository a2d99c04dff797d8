import { cleaned, MOST_NESTED } from './cleaned.ts'
import { absence, isWanted, ROLE_ABSENT, type AbsentKind } from './absent.ts'
import { FOREIGN_KIND, isForeign } from './foreign.ts'
import { insteadOf } from './kinds/instead.ts'
import { groupOf, type ResourceKind } from './kind.ts'
import type { Kinds } from './kinds.ts'
import {
  isNamespaceName,
  isObjectName,
  metadataRules,
  metadataSchema,
  type DeclaredMetadata,
} from './metadata.ts'
import { proposal } from './nearest.ts'
import type { Violation } from './kinds/shapes.ts'
import type { FieldPath, Metadata, Problem, Resource, ResourceRef } from './resource.ts'
import { qualifiedKind } from './resources.ts'
import type { Unenforced } from './targeting.ts'
import { schemaFaults } from './schema-check.ts'
import { unenforcedOf } from './unenforced.ts'
import { fieldOf } from './words.ts'
import type { Declaration } from './yaml.ts'

/** Which object a declaration speaks of, as far as it can be told; null is what cannot. */
export interface Identity {
  readonly kind: Pick<ResourceRef, 'group' | 'kind'> | null
  readonly namespace: string | null
  readonly name: string | null
}

/** `resource` is null where there is a problem of severity error, and for kinds that are none of ours. */
export interface Validation {
  readonly resource: Resource | null
  readonly identity: Identity
  readonly problems: readonly Problem[]
  /** Set where it may be there to protect something, and is not in force; it has one of the problems, or the only one. */
  readonly unenforced?: Unenforced
  /** As it is declared, where `resource` is null for what is wrong with it and it says which object of which kind it is. */
  readonly written?: Resource
  /** Set where some of the declaration is in other files. */
  readonly namesFiles?: true
}

/** A violation, or something that is only worth a look. */
interface Remark extends Violation {
  /** error where absent. */
  readonly severity?: Problem['severity']
  readonly reason?: string
}

/**
 * Checks one declared object against its kind's schema and rules and makes the frozen resource of it.
 * Fields that are null count as absent, as with Kubernetes; `status` and what an API server fills in are
 * dropped; defaults are not written. Never throws.
 */
export function validate(
  { value, at, violations: named = [], namesFiles }: Omit<Declaration, 'places'>,
  kinds: Kinds,
): Validation {
  const { document, deepAt } = cleaned(value)
  const apiVersion = text(fieldOf(document, 'apiVersion'))
  const written = text(fieldOf(document, 'kind'))
  const kind = meantKind(kinds, apiVersion, written)
  const absent = kinds.absent(groupOf(apiVersion), written)
  const identity = identityOf(document, kind, absent)
  const remarks: readonly Remark[] = kind
    ? [...named, ...(deepAt ? [tooDeep(deepAt)] : check(document, kind))]
    : [absent ? absentRemark(absent) : kindRemark(kinds, document)]
  const name = text(fieldOf(fieldOf(document, 'metadata'), 'name'))
  const shown = { group: groupOf(apiVersion), kind: written, namespace: identity.namespace ?? '', name }
  const problems = remarks.map(({ path, message, severity = 'error', reason, service }): Problem => ({
    severity,
    position: at(path),
    resource: shown.kind === '' ? null : shown,
    path,
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(service === undefined ? {} : { refers: serviceRef(service, shown.namespace) }),
  }))
  problems.sort(byPosition)
  const resource = kind && problems.length === 0 ? resourceOf(document, kind, at) : null
  const unenforced = unenforcedOf(document, kind, problems, at, kinds)
  const kept = kind && resource === null ? writtenOf(document, kind, identity, at) : null
  const said = { resource, identity, ...(kept && { written: kept }) }
  if (unenforced === null) return { ...said, problems, ...(namesFiles && { namesFiles }) }
  // Of what is right but for its kind, it is told with what becomes of its targets.
  return { ...said, problems: unenforced.broken ? problems : [], unenforced }
}

const tooDeep = (path: FieldPath): Remark => ({
  path,
  message: `is nested too deeply, expected at most ${MOST_NESTED} levels`,
})

function serviceRef({ name, namespace }: NonNullable<Violation['service']>, own: string): ResourceRef {
  return { group: '', kind: 'Service', namespace: namespace ?? own, name }
}

/** As one reads the file; problems without a position stay as they are. */
function byPosition({ position: a }: Problem, { position: b }: Problem): number {
  return a && b ? a.line - b.line || a.column - b.column : 0
}

function check(document: unknown, kind: ResourceKind): readonly Remark[] {
  const versions = versionRemarks(document, kind)
  const metadata = fieldOf(document, 'metadata') ?? {}
  const faults = [
    ...below('metadata', schemaFaults('metadata', metadataSchema, metadata)),
    ...schemaFaults(qualifiedKind(kind), kind.schema, bodyOf(document)),
  ]
  const all = [...versions, ...faults]
  if (all.length > 0) return all
  // Rules may trust the types only now that the schemas have passed.
  const rules = below('metadata', metadataRules(metadata as DeclaredMetadata, kind))
  return [...rules, ...(kind.rules?.(bodyOf(document)) ?? [])]
}

const below = (field: string, remarks: readonly Remark[]): Remark[] =>
  remarks.map(f => ({ path: [field, ...f.path], message: f.message }))

/** The kind of ours that a declaration is of, also where it has another group by mistake. */
function meantKind(kinds: Kinds, apiVersion: string, written: string): ResourceKind | undefined {
  const exact = kinds.find(groupOf(apiVersion), written)
  if (exact || isForeign(kinds, apiVersion, written)) return exact
  if (kinds.absent(groupOf(apiVersion), written)) return undefined
  return kinds.all.find(({ kind }) => kind === written)
}

/** Of a kind whose role does not run: as the operator wants it, unless that role is none that could. */
function absentRemark(absent: AbsentKind): Remark {
  const severity = isWanted(absent) ? 'warning' : 'error'
  return { path: ['kind'], message: absence(absent), severity, reason: ROLE_ABSENT }
}

function kindRemark(kinds: Kinds, document: unknown): Remark {
  const kind = fieldOf(document, 'kind')
  const { names } = kinds
  if (kind === undefined)
    return { path: ['kind'], message: `is required, expected one of ${names.join(', ')}` }
  if (typeof kind !== 'string')
    return { path: ['kind'], message: `is not text, expected one of ${names.join(', ')}` }
  const apiVersion = text(fieldOf(document, 'apiVersion'))
  if (isForeign(kinds, apiVersion, kind))
    return {
      path: ['kind'],
      message: `${kind} of ${apiVersion} is nothing that is served here${insteadOf(groupOf(apiVersion), kind)}`,
      severity: 'warning',
      reason: FOREIGN_KIND,
    }
  return {
    path: ['kind'],
    message: `unknown kind ${JSON.stringify(kind.slice(0, 100))}${proposal(kind, kinds.announced) || `, expected one of ${names.join(', ')}`}`,
  }
}

function versionRemarks(document: unknown, kind: ResourceKind): Remark[] {
  const version = fieldOf(document, 'apiVersion')
  const known = kind.versions.map(v => (kind.group === '' ? v : `${kind.group}/${v}`))
  if (typeof version === 'string' && known.includes(version)) return []
  const expected = `expected ${known.map(v => JSON.stringify(v)).join(' or ')}`
  const path = ['apiVersion']
  if (version === undefined) return [{ path, message: `is required, ${expected}` }]
  if (typeof version !== 'string') return [{ path, message: `is not text, ${expected}` }]
  const what = groupOf(version) === kind.group ? 'unknown version' : `unknown group for kind ${kind.kind}`
  return [
    {
      path,
      message: `${what} ${JSON.stringify(version.slice(0, 100))}${proposal(version, known)}, ${expected}`,
    },
  ]
}

function identityOf(
  document: unknown,
  kind: ResourceKind | undefined,
  absent: AbsentKind | undefined,
): Identity {
  const known = kind ?? absent
  const metadata = fieldOf(document, 'metadata')
  const name = fieldOf(metadata, 'name')
  const namespace = fieldOf(metadata, 'namespace')
  return {
    kind: known ? { group: known.group, kind: known.kind } : null,
    namespace:
      kind?.scope === 'Cluster'
        ? ''
        : namespace === undefined || namespace === ''
          ? 'default'
          : valid(namespace, isNamespaceName),
    name: valid(name, n => isObjectName(n, kind?.kind ?? '')),
  }
}

function valid(value: unknown, test: (text: string) => boolean): string | null {
  return typeof value === 'string' && test(value) ? value : null
}

/** Of a document without problems. */
function resourceOf(document: unknown, kind: ResourceKind, at: Resource['at']): Resource {
  const metadata = fieldOf(document, 'metadata') as DeclaredMetadata
  return Object.freeze({
    apiVersion: text(fieldOf(document, 'apiVersion')),
    kind: kind.kind,
    metadata: Object.freeze(metadataOf(metadata, kind)),
    body: bodyOf(document),
    at,
  })
}

/** Null where it cannot be told which object it is. */
function writtenOf(
  document: unknown,
  kind: ResourceKind,
  { namespace, name }: Identity,
  at: Resource['at'],
): Resource | null {
  if (namespace === null || name === null) return null
  const metadata = fieldOf(document, 'metadata')
  const [generation, created] = [fieldOf(metadata, 'generation'), fieldOf(metadata, 'creationTimestamp')]
  return Object.freeze({
    apiVersion: text(fieldOf(document, 'apiVersion')),
    kind: kind.kind,
    metadata: Object.freeze({
      name,
      namespace,
      ...(typeof generation === 'number' && { generation }),
      ...(typeof created === 'string' && { creationTimestamp: created }),
    }),
    body: bodyOf(document),
    at,
  })
}

function metadataOf(declared: DeclaredMetadata, kind: ResourceKind): Metadata {
  const { name, namespace, labels, annotations, generation, creationTimestamp } = declared
  return {
    name,
    namespace: kind.scope === 'Cluster' ? '' : namespace || 'default',
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
  }
}

const outside = new Set(['apiVersion', 'kind', 'metadata', 'status'])

function bodyOf(document: unknown): Readonly<Record<string, unknown>> {
  if (typeof document !== 'object' || document === null) return {}
  return Object.freeze(Object.fromEntries(Object.entries(document).filter(([key]) => !outside.has(key))))
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
