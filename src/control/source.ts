import type { LoadResult } from '../model/loaded.ts'
import type { Condition, Resource } from '../model/resource.ts'
import { keyOf, refOf, Resources } from '../model/resources.ts'

/**
 * Where declared objects come from: files today. Nothing throws for what is wrong with objects: that is in `problems`.
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

/** What all sources have, and what is to be said of the objects that several of them have. */
export interface Gathered extends LoadResult {
  readonly conflicts: readonly Condition[]
}

/**
 * Several sources as one, in order: of an object that two of them have the first has it, and the other's has the
 * condition `Conflicted`; they never merge.
 */
export class Sources {
  private readonly sources: readonly Source[]
  private readonly results = new Map<Source, LoadResult>()

  constructor(sources: readonly Source[]) {
    this.sources = sources
  }

  async load(): Promise<Gathered> {
    await Promise.all(
      this.sources.map(async source => {
        this.results.set(source, await source.load())
      }),
    )
    return this.gathered()
  }

  watch(onChange: (result: Gathered) => void): void {
    for (const source of this.sources)
      source.watch(result => {
        this.results.set(source, result)
        onChange(this.gathered())
      })
  }

  reload(): void {
    for (const source of this.sources) source.reload()
  }

  close(): void {
    for (const source of this.sources) source.close()
  }

  private gathered(): Gathered {
    const results = this.sources.flatMap(source => {
      const result = this.results.get(source)
      return result === undefined ? [] : [{ source, result }]
    })
    const [only, ...others] = results
    if (only !== undefined && others.length === 0) return { ...only.result, conflicts: [] }
    const all = results.map(({ result }) => result)
    const problems = all.flatMap(result => result.problems)
    return {
      resources: Resources.of(
        all.flatMap(({ resources }) => resources.list),
        all.flatMap(({ resources }) => resources.unenforced),
        problems,
      ),
      problems,
      held: all.flatMap(({ held }) => held),
      conflicts: conflictsOf(results),
    }
  }
}

function conflictsOf(
  results: readonly { readonly source: Source; readonly result: LoadResult }[],
): readonly Condition[] {
  const holders = new Map<string, { readonly source: Source; readonly resource: Resource }>()
  return results.flatMap(({ source, result }) =>
    result.resources.list.flatMap(resource => {
      const key = keyOf(resource)
      const holder = holders.get(key)
      if (holder === undefined) holders.set(key, { source, resource })
      return holder === undefined ? [] : [conflict(resource, source, holder)]
    }),
  )
}

function conflict(
  resource: Resource,
  source: Source,
  holder: { readonly source: Source; readonly resource: Resource },
): Condition {
  const at = holder.resource.at([])
  const where =
    at === null ? holder.source.name : `${holder.source.name} (${at.file}:${at.line}:${at.column})`
  return {
    about: refOf(resource),
    type: 'Conflicted',
    status: 'True',
    reason: 'InSeveralSources',
    message: `what ${source.name} has is not in force: it is in ${where} too, which comes first`,
    position: resource.at([]),
  }
}
