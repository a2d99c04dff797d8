/** A part of a list, and the cursor of the next; null where there is none. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
  readonly total?: number
}
