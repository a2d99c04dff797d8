import { isDeepStrictEqual } from 'node:util'
import { cleaned } from '../model/cleaned.ts'
import type { ResourceKind } from '../model/kind.ts'
import type { Kinds } from '../model/kinds.ts'
import type { Position, Problem, Resource } from '../model/resource.ts'
import { validate, type Validation } from '../model/validate.ts'
import { fieldOf } from '../model/words.ts'
import { trimmedBody, trimmedMetadata } from './trimmed.ts'

/** The place of all that a cluster has. */
const IN_CLUSTER: Position = Object.freeze({ file: 'kubernetes', line: 0, column: 0 })

/** An object as the server had it last. */
export interface Known {
  readonly validation: Validation
  /** "" of what was kept over a restart: it is not known whether the server still has it. */
  readonly resourceVersion: string
  /** Which object of this name it is; "" of what was kept, and of kinds whose status is of no use. */
  readonly uid: string
  readonly status: unknown
}

/** What was made of an object; with what it says where no resource says it. */
interface Judged {
  readonly validation: Validation
  readonly broken: unknown
}

/** What of an object is another thing: something that is looked at, or only what controllers write. */
export type ObjectChange = 'object' | 'status'

/** The objects of one kind, by namespace and name, each judged once as one of a file would be. */
export class ObjectStore {
  readonly kind: ResourceKind
  private readonly kinds: Kinds
  private readonly keepsStatus: boolean
  private readonly changed: (change: ObjectChange, key: string) => void
  private readonly known = new Map<string, Known & Judged>()
  private list: readonly Validation[] | null = null

  constructor(
    kind: ResourceKind,
    kinds: Kinds,
    keepsStatus: boolean,
    changed: (change: ObjectChange, key: string) => void,
  ) {
    this.kind = kind
    this.kinds = kinds
    this.keepsStatus = keepsStatus
    this.changed = changed
  }

  /** In the order in which they came. */
  get validations(): readonly Validation[] {
    return (this.list ??= Array.from(this.known.values(), ({ validation }) => validation))
  }

  get(namespace: string, name: string): Known | undefined {
    return this.known.get(`${namespace}/${name}`)
  }

  /** As the server says it; throws for what is no object. The answer is its key. */
  put(object: unknown): string {
    const key = keyOf(object)
    const before = this.known.get(key)
    const resourceVersion = textOf(fieldOf(fieldOf(object, 'metadata'), 'resourceVersion'))
    if (before !== undefined && resourceVersion !== '' && before.resourceVersion === resourceVersion)
      return key
    const fresh = this.judged(object as object)
    const status = this.keepsStatus ? fieldOf(object, 'status') : undefined
    const uid = this.keepsStatus ? textOf(fieldOf(fieldOf(object, 'metadata'), 'uid')) : ''
    const isSame = before !== undefined && saysTheSame(before, fresh)
    const { validation, broken } = isSame ? before : fresh
    this.known.set(key, { validation, broken, resourceVersion, uid, status })
    if (!isSame) this.list = null
    this.changed(isSame ? 'status' : 'object', key)
    return key
  }

  remove(object: unknown): void {
    this.drop(keyOf(object))
  }

  /** Of this namespace (null: of all) there is nothing but these. */
  retain(namespace: string | null, keys: ReadonlySet<string>): void {
    for (const key of this.known.keys())
      if (!keys.has(key) && (namespace === null || key.startsWith(`${namespace}/`))) this.drop(key)
  }

  private drop(key: string): void {
    if (!this.known.delete(key)) return
    this.list = null
    this.changed('object', key)
  }

  private judged(object: object): Judged {
    const { group, kind, versions } = this.kind
    // Items of lists do not say what they are.
    const apiVersion = group === '' ? versions[0] : `${group}/${versions[0]}`
    const value = {
      apiVersion,
      kind,
      metadata: trimmedMetadata(fieldOf(object, 'metadata')),
      ...trimmedBody(group, kind, object),
    }
    try {
      const validation = validate({ value, at }, this.kinds)
      return { validation, broken: validation.resource === null ? cleaned(value).document : null }
    } catch (error) {
      // One object must not keep the others of its kind from being listed.
      return { validation: this.unjudged(object, error), broken: error }
    }
  }

  /** Of an object with which something went wrong here: what it may protect cannot be told. */
  private unjudged(object: object, error: unknown): Validation {
    const { group, kind, versions, protects } = this.kind
    const [namespace = '', name = ''] = keyOf(object).split('/')
    const message = `cannot be judged: ${String(error)}`
    const resource = { group, kind, namespace, name }
    const problem: Problem = { severity: 'error', position: IN_CLUSTER, resource, path: [], message }
    const apiVersion = group === '' ? versions[0] : `${group}/${versions[0]}`
    const raw: Resource = { apiVersion, kind, metadata: { namespace, name }, body: {}, at }
    const identity = { kind: { group, kind }, namespace, name }
    const unenforced = { resource: raw, problem, broken: true, known: true, targeting: null }
    return { resource: null, identity, problems: [problem], ...(protects && { unenforced }) }
  }
}

const at = (): Position => IN_CLUSTER

/** Whether two of one object differ in nothing that is looked at. */
function saysTheSame(before: Judged, now: Judged): boolean {
  return isDeepStrictEqual(saidBy(before), saidBy(now))
}

const saidBy = ({ validation: { resource }, broken }: Judged): unknown =>
  resource === null ? { broken } : declared(resource)

/** As it was declared. */
export function declared({ apiVersion, kind, metadata, body }: Resource): Record<string, unknown> {
  return { apiVersion, kind, metadata, ...(body as Record<string, unknown>) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function keyOf(object: unknown): string {
  const metadata = fieldOf(object, 'metadata')
  const [name, namespace = ''] = [fieldOf(metadata, 'name'), fieldOf(metadata, 'namespace')]
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string')
    throw new Error('an object has no name')
  return `${namespace}/${name}`
}
