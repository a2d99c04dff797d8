import type { LoadResult } from '../model/loaded.ts'

/**
 * Where declared objects come from: files, and what roles keep. Nothing throws for what is wrong with objects: that is in `problems`.
 * Objects that did not change keep their identity from one result to the next.
 */
export interface Source {
  /** For messages: `files`. */
  readonly name: string
  /** Everything, as it is now. */
  load(): LoadResult | Promise<LoadResult>
  /** From now on `onChange` has every result that differs from the one before. */
  watch(onChange: (result: LoadResult) => void): void
  /** Looks at everything again (SIGHUP), and calls back whether or not it differs. */
  reload(): void
  close(): void
}
