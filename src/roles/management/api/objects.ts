import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Api } from '../../../api/api.ts'
import { conditionView } from '../../../api/condition-view.ts'
import { AdminError } from '../../../api/errors.ts'
import {
  DeclaredObject,
  ObjectChange,
  ObjectChanges,
  ObjectPath,
  ObjectSet,
  ObjectSetQuery,
} from '../../../api/shapes/declared-object.ts'
import { accessOf } from '../../../api/access.ts'
import type { Finding } from '../../../api/shapes/finding.ts'
import { formatPath } from '../../../model/problem.ts'
import type { Problem, ResourceRef } from '../../../model/resource.ts'
import { refKey, shortName } from '../../../model/resources.ts'
import { actorOf } from '../access/actor.ts'
import type { Body } from '../objects/declared-body.ts'
import { mayWriteObject } from '../objects/object-access.ts'
import {
  carryOut,
  planSet,
  refOfBody,
  refuseDeclaredElsewhere,
  resourceOf,
  storedObject,
  wantedOf,
  wholeYaml,
  type Plan,
} from '../objects/object-writes.ts'
import { missing } from './allow.ts'
import { changed, opened, precondition } from './changes.ts'
import type { ManagementApi } from './context.ts'

const tags = ['objects']
/** A set may be all that is declared: 10,000 routes are about 8 MB. */
const SET_BYTES = 32 * 1024 * 1024
const OBJECT_BYTES = 2 * 1024 * 1024

/** Declared objects of the store. */
export function objectWriteRoutes(app: Api, api: ManagementApi): void {
  const path = '/v1/objects/:group/:kind/:namespace/:name'
  app.put(
    path,
    {
      config: { permission: 'objects:write' },
      bodyLimit: OBJECT_BYTES,
      schema: {
        summary: 'Make or change a declared object of the store',
        description:
          'Answers when all workers have it. What a file or a cluster declares is read-only here (409).',
        tags,
        params: ObjectPath,
        body: DeclaredObject,
        response: { 200: ObjectChange, 201: ObjectChange },
      },
    },
    async (request, reply) => {
      const ref = refOfPath(request.params)
      refuseOther(ref, request.body)
      const wanted = wantedOf(api, [request.body])
      const plan = await changed(api, request, reply, async (tx, actor) => {
        const set = { prune: false, owner: null }
        const [one] = await planSet(api, tx, actor, wanted, set)
        if (one === undefined) throw new AdminError(422, 'body: is no object')
        precondition(request, one.before?.version ?? null)
        const row = await carryOut(tx, one, api, null)
        return {
          status: one.before === null ? 201 : 200,
          body: one,
          ...(row !== null && { version: row.version }),
        }
      })
      await api.objects.inForce([refKey(ref)])
      return changeView(api, plan)
    },
  )
  app.delete(
    path,
    {
      config: { permission: 'objects:write' },
      schema: {
        summary: 'Delete a declared object of the store',
        tags,
        params: ObjectPath,
        response: { 200: ObjectChange },
      },
    },
    async (request, reply) => {
      const ref = refOfPath(request.params)
      const plan = await changed(api, request, reply, async (tx, actor) => {
        const before = await storedObject(tx, ref)
        if (before === null) {
          refuseDeclaredElsewhere(api, ref)
          throw missing(`${shortName(ref)} in the store`)
        }
        mayWriteObject(api, actor, { before: resourceOf(api, before), after: null, ref, set: new Map() })
        precondition(request, before.version)
        const one: Plan = { ref, before, after: null, change: 'deleted' }
        await carryOut(tx, one, api, null)
        return { body: one }
      })
      await api.objects.inForce([refKey(ref)])
      return changeView(api, plan)
    },
  )
  app.post(
    '/v1/objects',
    {
      config: { permission: 'objects:write' },
      bodyLimit: SET_BYTES,
      schema: {
        summary: 'Make or change a set of declared objects of the store: all of them, or none',
        description:
          'With prune, what the same owner has put there before and is not in the set any more is deleted. A dry run tells what would change.',
        tags,
        querystring: ObjectSetQuery,
        body: ObjectSet,
        response: { 200: ObjectChanges },
      },
    },
    (request, reply) => writeSet(api, request, reply),
  )
}

type SetRequest = FastifyRequest & {
  readonly query: { readonly dryRun: boolean; readonly prune: boolean; readonly owner?: string }
  readonly body: { readonly objects: readonly Readonly<Record<string, unknown>>[] }
}

async function writeSet(
  api: ManagementApi,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ObjectChanges> {
  const { query, body } = request as SetRequest
  const { dryRun, prune, owner = null } = query
  if (prune && owner === null)
    throw new AdminError(422, 'query: prune needs owner: nobody deletes what is not their own')
  const wanted = wantedOf(api, body.objects)
  if (dryRun) {
    const plans = await dryPlans(api, request, wanted, { prune, owner })
    return { changes: plans.map(plan => changeView(api, plan, true)), applied: false, inForce: false }
  }
  let plans: readonly Plan[] = []
  const answer = await changed<ObjectChanges>(api, request, reply, async (tx, actor) => {
    plans = await planSet(api, tx, actor, wanted, { prune, owner })
    for (const plan of plans) await carryOut(tx, plan, api, owner)
    const changes = plans.map(plan => changeView(api, plan, true))
    return { body: { changes, applied: true, inForce: false } }
  })
  // Who asks again with the same key has the first answer, and nothing was changed now.
  if (plans.length === 0) return answer
  const inForce = await api.objects.inForce(plans.map(({ ref }) => refKey(ref)))
  return { changes: plans.map(plan => changeView(api, plan)), applied: true, inForce }
}

class DryRun extends Error {}

/** Within a transaction that comes to nothing, so that it is judged as the change would be. */
async function dryPlans(
  api: ManagementApi,
  request: FastifyRequest,
  wanted: Parameters<typeof planSet>[3],
  options: Parameters<typeof planSet>[4],
): Promise<readonly Plan[]> {
  const actor = actorOf(accessOf(request.raw))
  const store = await opened(api)
  let plans: readonly Plan[] = []
  try {
    await store.change({ actor: actor.audited, by: actor.by, request: null }, async tx => {
      plans = await planSet(api, tx, actor, wanted, options)
      throw new DryRun()
    })
  } catch (error) {
    if (!(error instanceof DryRun)) throw error
  }
  return plans
}

function refOfPath({
  group,
  kind,
  namespace,
  name,
}: {
  readonly group: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}): ResourceRef {
  return { group: group === 'core' ? '' : group, kind, namespace: namespace === '-' ? '' : namespace, name }
}

/** The path says which object it is, and so does the body. */
function refuseOther(ref: ResourceRef, body: Readonly<Record<string, unknown>>): void {
  const own = refOfBody(body)
  const isSame =
    own.group === ref.group &&
    own.kind === ref.kind &&
    own.name === ref.name &&
    (ref.namespace === '' || own.namespace === ref.namespace)
  if (!isSame)
    throw new AdminError(
      422,
      `body: is ${shortName(own)} (group ${JSON.stringify(own.group)}), and the path names ${shortName(ref)} (group ${JSON.stringify(ref.group)})`,
    )
}

function changeView(api: ManagementApi, { ref, before, after, change }: Plan, isDry = false): ObjectChange {
  const declared = isDry || change === 'deleted' ? null : api.declared()
  const key = refKey(ref)
  return {
    object: ref,
    change,
    before: wholeYaml(before && (JSON.parse(before.body) as Body)),
    after: wholeYaml(after?.body ?? null),
    problems: (declared?.problems ?? [])
      .filter(({ resource }) => resource !== null && refKey(resource) === key)
      .map(problemView),
    conditions: (declared?.conditions ?? []).filter(({ about }) => refKey(about) === key).map(conditionView),
  }
}

function problemView({ severity, resource, position, path, message, reason = '' }: Problem): Finding {
  return {
    severity,
    object: resource,
    file: position?.file ?? '',
    line: position?.line ?? 0,
    column: position?.column ?? 0,
    path: formatPath(path),
    reason,
    message,
    hint: null,
    running: false,
    held: false,
    since: null,
  }
}
