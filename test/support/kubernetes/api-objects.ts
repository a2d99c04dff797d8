import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { ResourceKind } from '../../../src/model/kind.ts'

/** An object as an API server has it. */
export interface ApiObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion: string
    readonly uid: string
    readonly generation: number
    readonly creationTimestamp: string
    readonly [field: string]: unknown
  }
  readonly status?: unknown
  readonly [field: string]: unknown
}

export type Written = Readonly<Record<string, unknown>>

export interface ApiEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  readonly object: ApiObject
}

export type ServedKind = Pick<ResourceKind, 'group' | 'kind' | 'plural' | 'versions' | 'scope'>

/** Refused, as an API server says it: 404, 409, 410. */
export class Refused extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The objects of one kind, and what happened to them. `next` counts versions, for all kinds together. */
export class ApiCollection {
  readonly kind: ServedKind
  readonly objects = new Map<string, ApiObject>()
  readonly events: ApiEvent[] = []
  /** Versions before this one are forgotten. */
  forgotten = 0
  private readonly next: () => number
  private readonly told = new Set<(event: ApiEvent) => void>()

  constructor(kind: ServedKind, next: () => number) {
    this.kind = kind
    this.next = next
  }

  get(key: string): ApiObject {
    const object = this.objects.get(key)
    if (object === undefined) throw new Refused(404, `${this.kind.plural} "${key}" not found`)
    return object
  }

  create(written: Written): ApiObject {
    const metadata = written['metadata'] as { readonly name: string; readonly namespace?: string }
    const key = keyOf(metadata)
    if (this.objects.has(key)) throw new Refused(409, `${this.kind.plural} "${key}" already exists`)
    const { status: _, ...body } = written
    return this.put(key, 'ADDED', {
      ...this.named(body),
      metadata: {
        ...metadata,
        resourceVersion: '',
        uid: randomUUID(),
        generation: 1,
        creationTimestamp: new Date().toISOString(),
        managedFields: [{ manager: 'test', fieldsV1: { 'f:spec': {} } }],
      },
    })
  }

  /** Everything but the status, which has a path of its own. */
  replace(key: string, written: Written): ApiObject {
    const before = this.checked(key, written)
    const { apiVersion: _, kind: __, metadata, status: ___, ...body } = written
    const { apiVersion, kind, metadata: own, status, ...old } = before
    const isSame = isDeepStrictEqual(body, old)
    const now = {
      ...this.named(body),
      metadata: {
        ...own,
        ...(metadata as object),
        uid: own.uid,
        creationTimestamp: own.creationTimestamp,
        generation: isSame ? own.generation : own.generation + 1,
      },
      ...(status !== undefined && { status }),
    }
    // What changes nothing is no event.
    return isDeepStrictEqual(now, before) ? before : this.put(key, 'MODIFIED', now)
  }

  replaceStatus(key: string, written: Written): ApiObject {
    const before = this.checked(key, written)
    const status = written['status']
    return isDeepStrictEqual(status, before.status)
      ? before
      : this.put(key, 'MODIFIED', { ...before, ...(status !== undefined && { status }) })
  }

  delete(key: string): ApiObject {
    const before = this.get(key)
    this.objects.delete(key)
    const version = this.next()
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } }
    this.tell({ type: 'DELETED', version, object })
    return object
  }

  /** Those behind a version, and then each as it comes; the answer ends that. Throws 410 where they are forgotten. */
  follow(version: number, tell: (event: ApiEvent) => void): () => void {
    if (version < this.forgotten)
      throw new Refused(410, `too old resource version: ${version} (${this.forgotten})`)
    for (const event of this.events) if (event.version > version) tell(event)
    this.told.add(tell)
    return () => this.told.delete(tell)
  }

  /** As etcd is compacted: nobody can go on from an earlier version. */
  forget(version: number): void {
    this.forgotten = version
    this.events.length = 0
  }

  private checked(key: string, written: Written): ApiObject {
    const before = this.get(key)
    const { resourceVersion } = (written['metadata'] ?? {}) as { readonly resourceVersion?: string }
    if (resourceVersion && resourceVersion !== before.metadata.resourceVersion)
      throw new Refused(
        409,
        `Operation cannot be fulfilled on ${this.kind.plural} "${key}": the object has been modified`,
      )
    return before
  }

  private named(body: Written): { readonly apiVersion: string; readonly kind: string } {
    const { group, versions, kind } = this.kind
    return { ...body, apiVersion: group === '' ? versions[0] : `${group}/${versions[0]}`, kind }
  }

  private put(key: string, type: ApiEvent['type'], written: ApiObject): ApiObject {
    const version = this.next()
    const object = { ...written, metadata: { ...written.metadata, resourceVersion: String(version) } }
    this.objects.set(key, object)
    this.tell({ type, version, object })
    return object
  }

  private tell(event: ApiEvent): void {
    this.events.push(event)
    for (const tell of this.told) tell(event)
  }
}

export function keyOf({
  namespace = '',
  name,
}: {
  readonly namespace?: string
  readonly name: string
}): string {
  return `${namespace}/${name}`
}

/** RFC 7396. */
export function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}
