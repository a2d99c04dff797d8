import type { Kinds } from '../../../model/kinds.ts'
import { settle, sinceFirstAsked, type FileState } from '../../../model/last-good.ts'
import { resultOf, type LoadResult } from '../../../model/loaded.ts'
import type { Resource, ResourceKey } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import type { Validation } from '../../../model/validate.ts'
import type { Source } from '../../../translation/source.ts'
import type { Change, Store } from '../store/store.ts'
import type { StoredObject } from '../store/tables.ts'
import { bodyOf, validateBody } from './declared-body.ts'

/** An object as it was read, and what was made of it. */
interface Known {
  readonly row: StoredObject
  readonly validation: Validation
}

/** What the workers of a slow machine need for a change of many objects, and more than somebody waits for. */
const IN_FORCE_MS = 5_000
const PAGE = 1_000

/** Declared objects of the store: behind those of files, and judged as they are. */
export class StoreSource implements Source {
  readonly name = 'store'
  private readonly kinds: Kinds
  private readonly known = new Map<string, Known>()
  private readonly since = sinceFirstAsked()
  private state: readonly FileState[] = []
  private last: LoadResult
  private store: Store | null = null
  private onChange: ((result: LoadResult) => void) | null = null
  private applied: Resources | null = null
  private readonly waiting = new Set<() => void>()

  constructor(kinds: Kinds) {
    this.kinds = kinds
    this.last = this.result()
  }

  load(): LoadResult {
    return this.last
  }

  watch(onChange: (result: LoadResult) => void): void {
    this.onChange = onChange
  }

  reload(): void {
    this.onChange?.(this.last)
  }

  close(): void {
    this.onChange = null
  }

  /** As long as the store cannot be read. */
  lastKnown(objects: readonly StoredObject[]): void {
    if (this.store !== null) return
    for (const row of objects) this.take(row)
    this.tell()
  }

  /** Everything, as it is now. */
  async read(store: Store): Promise<void> {
    this.store = store
    this.known.clear()
    let after: string | null = null
    do {
      const page = await store.objects.list({ after, limit: PAGE })
      for (const row of page.items) this.take(row)
      after = page.next
    } while (after !== null)
    this.tell()
  }

  /** What has changed of it. */
  async changed(changes: readonly Change[]): Promise<void> {
    const ids = [...new Set(changes.flatMap(({ kind, id }) => (kind === 'object' ? [id] : [])))]
    if (this.store === null || ids.length === 0) return
    for (const id of ids) {
      const row = await this.store.objects.get(id)
      if (row === null) this.known.delete(id)
      else if (this.known.get(id)?.row.version !== row.version) this.take(row)
    }
    this.tell()
  }

  /** What is in force in all workers now. */
  took(resources: Resources): void {
    this.applied = resources
    for (const look of this.waiting) look()
  }

  /** Resolves when all workers have what the store has of these objects: true; false where that takes too long. */
  inForce(keys: readonly ResourceKey[]): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const look = (): void => {
      if (this.areInForce(keys)) end(true)
    }
    const end = (isInForce: boolean): void => {
      clearTimeout(timer)
      this.waiting.delete(look)
      resolve(isInForce)
    }
    const timer = setTimeout(end, IN_FORCE_MS, false)
    this.waiting.add(look)
    look()
    return promise
  }

  private areInForce(keys: readonly ResourceKey[]): boolean {
    const { applied, last } = this
    if (applied === null) return false
    return keys.every(key => {
      const own = last.resources.find(key)
      const now = applied.find(key)
      // One of a file comes first, and says so in a condition.
      return own === undefined ? now === undefined || isOfFile(now) : now === own || isOfFile(now)
    })
  }

  private take(row: StoredObject): void {
    this.known.set(row.id, { row, validation: validateBody(bodyOf(row), this.kinds) })
  }

  private tell(): void {
    this.last = this.result()
    this.onChange?.(this.last)
  }

  private result(): LoadResult {
    const validations = [...this.known.values()].map(({ validation }) => validation)
    const content = { file: '', validations, problems: [], whole: true, unread: [], attached: [], parts: [] }
    const settled = settle([content], this.state, this.since)
    this.state = settled.files
    return resultOf(settled, [], this.last?.resources ?? null)
  }
}

function isOfFile(resource: Resource | undefined): boolean {
  return resource !== undefined && resource.at([]) !== null
}
