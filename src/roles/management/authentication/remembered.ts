import type { Identity } from '../../../filters/identity.ts'
import type { Hash128 } from '../../../shared/key-hash.ts'
import type { RowMark } from '../../../shared/table.ts'

/** What was found of a credential. */
export interface Known {
  /** Of the row that said so. */
  readonly mark: RowMark
  /** Of the pepper that it was verified under: who drops it wants nothing of it to count. */
  readonly pepper: RowMark
  readonly identity: Identity
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number
  readonly expiresMs: number
}

interface Entry extends Known {
  readonly b: number
  readonly c: number
  readonly d: number
}

/**
 * So many credentials are known again in one worker: 131,072 of half a kilobyte, which only those fill who have as many
 * good ones. Beyond that the oldest is verified once more.
 */
const KEPT = 131_072

/** Credentials that were found right, by a keyed hash of what was sent: the text itself is not kept. */
export class Remembered {
  /** By the first word of the hash; of two that share it the later one is kept. */
  private readonly entries = new Map<number, Entry>()
  private readonly most: number

  constructor(most: number = KEPT) {
    this.most = most
  }

  /** Null where it is not known, or its row is not the same any more. */
  find({ a, b, c, d }: Hash128): Known | null {
    const entry = this.entries.get(a)
    if (entry === undefined || entry.b !== b || entry.c !== c || entry.d !== d) return null
    if (entry.mark.isCurrent() && entry.pepper.isCurrent()) return entry
    this.entries.delete(a)
    return null
  }

  keep({ a, b, c, d }: Hash128, { mark, pepper, identity, notBeforeMs, expiresMs }: Known): void {
    const { entries } = this
    if (entries.size >= this.most && !entries.has(a)) entries.delete(entries.keys().next().value!)
    entries.set(a, { b, c, d, mark, pepper, identity, notBeforeMs, expiresMs })
  }

  clear(): void {
    this.entries.clear()
  }
}
