import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { accessOf } from '../../../api/access.ts'
import type { Act } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { ChangeTx, Store } from '../store/store.ts'
import type { IdempotencyRow } from '../store/tables.ts'
import type { ManagementApi } from './context.ts'
import { storeProblem } from './store-problem.ts'

/** What a change answers. */
export interface Answer<T> {
  readonly status?: 200 | 201 | 202
  readonly body: T
  /** Of the record that the body shows: its ETag. */
  readonly version?: number
  /** Of what was made. */
  readonly location?: string
  /** The body without what is shown once: what who asks again with the same Idempotency-Key gets. */
  readonly again?: T
}

const DAY_MS = 86_400_000
/** draft-ietf-httpapi-idempotency-key-header: a string of structured fields; bare ones are common. */
const KEY = /^"?([!#-[\]-~]{1,255})"?$/

/**
 * Carries out a change in one transaction with its audit, and answers. With an Idempotency-Key the answer is written in
 * the same transaction, so that a change which was acknowledged is never made twice.
 */
export async function changed<T>(
  api: ManagementApi,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (tx: ChangeTx, actor: Actor) => Promise<Answer<T>>,
): Promise<T> {
  const actor = actorOf(accessOf(request.raw))
  const store = await opened(api)
  const once = onceOf(request, actor, api.nowMs())
  try {
    const before = once === null ? null : await store.idempotency.begin(once)
    if (once !== null && before !== null) return replayed<T>(before, once, reply)
  } catch (error) {
    throw storeProblem(error)
  }
  try {
    const answer = await store.change(auditedBy(actor, request), async tx => {
      const made = await work(tx, actor)
      if (once !== null) await tx.idempotency.finish(once, storedAnswer(made))
      return made
    })
    await api.caughtUp()
    return sent(reply, answer)
  } catch (error) {
    if (once !== null && !isUncertain(error)) await forgotten(store, once)
    throw storeProblem(error)
  }
}

/** Writes down what was done elsewhere; it is done, whether or not the store can be reached. */
export async function audited(
  store: Store,
  log: ManagementApi['log'],
  request: FastifyRequest,
  act: Act,
): Promise<void> {
  try {
    await store.change(auditedBy(actorOf(accessOf(request.raw)), request), tx =>
      Promise.resolve(tx.audit(act)),
    )
  } catch (error) {
    log.error('audit.failed', { action: act.action, kind: act.kind, object: act.object, error })
  }
}

/** For the audit. */
function auditedBy(actor: Actor, request: FastifyRequest) {
  const id = request.headers['x-request-id']
  return {
    actor: actor.audited,
    by: actor.token === null ? actor.by : `token:${actor.token}`,
    request: typeof id === 'string' && /^[\w.:-]{1,100}$/.test(id) ? id : null,
  }
}

export async function opened(api: ManagementApi): Promise<Store> {
  try {
    return await api.store()
  } catch (error) {
    throw storeProblem(error)
  }
}

export function sent<T>(reply: FastifyReply, { status = 200, body, version, location }: Answer<T>): T {
  reply.code(status)
  if (version !== undefined) reply.header('ETag', etagOf(version))
  if (location !== undefined) reply.header('Location', location)
  return body
}

export function etagOf(version: number): string {
  return `"${version}"`
}

/** If-Match and If-None-Match (RFC 9110 §13.1) of a change; `version` of what is there, null where nothing is. */
export function precondition(request: FastifyRequest, version: number | null): void {
  const wanted = request.headers['if-match']
  const unwanted = request.headers['if-none-match']
  if (wanted !== undefined && !matches(wanted, version))
    throw new AdminError(
      412,
      version === null
        ? 'If-Match: it is not there any more, or was never'
        : `If-Match: it has changed since, and is ${etagOf(version)} now; read it again`,
    )
  if (unwanted !== undefined && matches(unwanted, version))
    throw new AdminError(412, 'If-None-Match: it is there already')
}

function matches(field: string, version: number | null): boolean {
  if (version === null) return false
  const tags = field.split(',').map(tag => tag.trim())
  return tags.includes('*') || tags.includes(etagOf(version))
}

type Once = Pick<IdempotencyRow, 'actor' | 'key' | 'requestHash' | 'expires'>

function onceOf(request: FastifyRequest, actor: Actor, nowMs: number): Once | null {
  const field = request.headers['idempotency-key']
  if (field === undefined || request.method !== 'POST') return null
  const [, key] = KEY.exec(Array.isArray(field) ? '' : field) ?? []
  if (key === undefined)
    throw new AdminError(400, 'Idempotency-Key: expected 1 to 255 visible characters, in quotes or without')
  const text = `${request.method} ${request.url}\n${JSON.stringify(request.body)}`
  const requestHash = createHash('sha256').update(text).digest('base64url')
  return { actor: actor.id || actor.by, key, requestHash, expires: nowMs + DAY_MS }
}

function storedAnswer({ status = 200, body, again = body, version, location }: Answer<unknown>) {
  return { status, headers: JSON.stringify({ version, location }), body: JSON.stringify(again) }
}

function replayed<T>(
  { status, headers, body, requestHash }: IdempotencyRow,
  once: Once,
  reply: FastifyReply,
): T {
  if (requestHash !== once.requestHash)
    throw new AdminError(422, 'Idempotency-Key: was used for another request, expected a new one')
  if (status === null) {
    reply.header('Retry-After', '1')
    throw new AdminError(409, 'Idempotency-Key: the first request with it is still under way')
  }
  const fields = JSON.parse(headers ?? '{}') as Pick<Answer<T>, 'version' | 'location'>
  reply.header('Idempotent-Replayed', 'true')
  return sent(reply, { status: status as 200 | 201, body: JSON.parse(body ?? 'null') as T, ...fields })
}

function isUncertain(error: unknown): boolean {
  return error instanceof Error && 'uncertain' in error && error.uncertain === true
}

/** It failed, so that it may be tried again; where the store is gone the key is taken over after a minute. */
async function forgotten(store: Store, once: Once): Promise<void> {
  try {
    await store.idempotency.forget(once)
  } catch {
    return
  }
}
