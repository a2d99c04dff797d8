import { stringify } from 'yaml'
import { objectYaml } from '../../../api/object-yaml.ts'
import { REDACTED } from '../../../telemetry/redact.ts'
import { AdminError } from '../../../api/errors.ts'
import type { ObjectChange } from '../../../api/shapes/declared-object.ts'
import { groupOf } from '../../../model/kind.ts'
import { formatPosition, formatProblem } from '../../../model/problem.ts'
import type { Problem, Resource, ResourceRef } from '../../../model/resource.ts'
import { refKey, refOf, shortName } from '../../../model/resources.ts'
import type { Actor } from '../access/actor.ts'
import type { ManagementApi } from '../api/context.ts'
import type { ChangeTx } from '../store/store.ts'
import type { StoredObject } from '../store/tables.ts'
import { bodyOf, errorsIn, keptBody, validateBody, type Body } from './declared-body.ts'
import { mayWriteObject } from './object-access.ts'

/** An object that is to be written, and has passed its kind's schema and rules. */
export interface Wanted {
  readonly ref: ResourceRef
  readonly body: Body
  readonly resource: Resource
}

/** What is to become of one object of the store. */
export interface Plan {
  readonly ref: ResourceRef
  readonly before: StoredObject | null
  /** Null where it is to be deleted. */
  readonly after: Wanted | null
  readonly change: ObjectChange['change']
}

/** Throws 422 with all that is wrong with any of them. */
export function wantedOf(api: ManagementApi, bodies: readonly Body[]): readonly Wanted[] {
  const judged = bodies.map(body => ({ body: keptBody(body), validation: validateBody(body, api.kinds) }))
  const problems = judged.flatMap(({ validation }) => [
    ...errorsIn(validation),
    ...(validation.resource === null && errorsIn(validation).length === 0
      ? [validation.problems[0] ?? validation.unenforced?.problem].filter(one => one !== undefined)
      : []),
  ])
  const wanted = judged.flatMap(({ body, validation: { resource } }) =>
    resource === null ? [] : [{ ref: refOf(resource), body, resource }],
  )
  refuse([...problems, ...twice(wanted)])
  return wanted
}

function twice(wanted: readonly Wanted[]): readonly Problem[] {
  const seen = new Set<string>()
  return wanted.flatMap(({ ref }) => {
    const key = refKey(ref)
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    return [
      {
        severity: 'error' as const,
        position: null,
        resource: ref,
        path: [],
        message: 'is in the set twice, expected it once',
      },
    ]
  })
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  const lines = problems.map(formatProblem)
  const detail = lines.length === 1 ? lines[0]! : `${lines[0]!} (and ${lines.length - 1} more, see problems)`
  throw new AdminError(422, detail, {
    problems: problems.map(({ resource, path, message }) => ({
      object: resource,
      path: formatProblem({ severity: 'error', position: null, resource: null, path, message: '' }).replace(
        /: $/,
        '',
      ),
      message,
    })),
  })
}

/** Throws 409 where a file or a cluster has the object: it is read-only here. */
export function refuseDeclaredElsewhere({ declared, kinds }: ManagementApi, ref: ResourceRef): void {
  const resources = declared()?.resources
  if (resources === undefined) return
  const kind = kinds.find(ref.group, ref.kind)
  const refusal = kind === undefined ? null : resources.refusal(kind, ref.namespace, ref.name)
  const position = resources.find(refKey(ref))?.at([]) ?? refusal?.position ?? null
  if (position !== null)
    throw new AdminError(
      409,
      `${shortName(ref)} is declared at ${formatPosition(position)}, which comes first: change it there`,
      { file: position.file },
    )
}

export function storedObject(
  tx: Pick<ChangeTx, 'objects'>,
  { group, kind, namespace, name }: ResourceRef,
): Promise<StoredObject | null> {
  return tx.objects.find({ group, kind, namespace, name })
}

/** What is to become of the objects of a set, in the order of the set. */
export async function planSet(
  api: ManagementApi,
  tx: ChangeTx,
  actor: Actor,
  wanted: readonly Wanted[],
  { prune, owner }: { readonly prune: boolean; readonly owner: string | null },
): Promise<readonly Plan[]> {
  const plans: Plan[] = []
  const set = new Map(wanted.map(one => [refKey(one.ref), one.resource]))
  for (const one of wanted) {
    refuseDeclaredElsewhere(api, one.ref)
    const before = await storedObject(tx, one.ref)
    const change =
      before === null
        ? 'created'
        : before.body === JSON.stringify(one.body) && (owner === null || before.owner === owner)
          ? 'unchanged'
          : 'updated'
    mayWriteObject(api, actor, { before: resourceOf(api, before), after: one.resource, set })
    plans.push({ ref: one.ref, before, after: one, change })
  }
  if (!prune || owner === null) return plans
  const keys = new Set(set.keys())
  const own = await tx.db.selectFrom('objects').selectAll().where('owner', '=', owner).orderBy('id').execute()
  for (const row of own) {
    const { group, kind, namespace, name } = row
    const ref = { group, kind, namespace, name }
    if (keys.has(refKey(ref))) continue
    mayWriteObject(api, actor, { before: resourceOf(api, row), after: null, ref, set })
    plans.push({ ref, before: row, after: null, change: 'deleted' })
  }
  return plans
}

/** Does it, with its entry in the audit. */
export async function carryOut(
  tx: ChangeTx,
  plan: Plan,
  api: ManagementApi,
  owner: string | null,
): Promise<StoredObject | null> {
  const { before, after, ref, change } = plan
  const options = { shown: shownIn(plan, api) }
  if (change === 'unchanged') return before
  if (after === null) {
    if (before !== null) await tx.objects.remove(before.id, options)
    return null
  }
  const body = JSON.stringify(after.body)
  if (before === null) return tx.objects.insert({ ...ref, body, generation: 1, owner }, options)
  // Labels and annotations are no other spec (as Kubernetes counts).
  const isOther =
    JSON.stringify(specOf(after.body)) !== JSON.stringify(specOf(JSON.parse(before.body) as Body))
  return tx.objects.update(
    before.id,
    {
      body,
      generation: before.generation + (isOther ? 1 : 0),
      ...(owner !== null && { owner }),
    },
    options,
  )
}

function specOf({ metadata: _, ...rest }: Body): Body {
  return rest
}

/** For the audit, which more people read than may know secrets. */
function shownIn({ before, after }: Plan, api: ManagementApi) {
  return { before: yamlOf(resourceOf(api, before)), after: yamlOf(after?.resource ?? null) }
}

function yamlOf(resource: Resource | null): string | null {
  return resource === null ? null : objectYaml(resource)
}

/** For who may write it: as it is kept, but for what a Secret holds. */
export function wholeBody(body: Body): Body {
  if (body['kind'] !== 'Secret') return body
  const veil = (values: unknown): object =>
    Object.fromEntries(Object.keys((values ?? {}) as object).map(name => [name, REDACTED]))
  return {
    ...body,
    ...('data' in body && { data: veil(body['data']) }),
    ...('stringData' in body && { stringData: veil(body['stringData']) }),
  }
}

export function wholeYaml(body: Body | null): string | null {
  return body === null ? null : stringify(wholeBody(body), { lineWidth: 0, aliasDuplicateObjects: false })
}

/** Null of one that this version cannot read any more, too. */
export function resourceOf(
  { kinds }: Pick<ManagementApi, 'kinds'>,
  row: StoredObject | null,
): Resource | null {
  return row === null ? null : validateBody(bodyOf(row), kinds).resource
}

export function refOfBody(body: Body): ResourceRef {
  const { apiVersion, kind, metadata } = body as {
    readonly apiVersion: string
    readonly kind: string
    readonly metadata: { readonly name: string; readonly namespace?: string }
  }
  return { group: groupOf(apiVersion), kind, namespace: metadata.namespace ?? 'default', name: metadata.name }
}
