import type { LoadResult } from '../model/loaded.ts'
import type { Condition, Resource } from '../model/resource.ts'
import { formatPosition } from '../model/problem.ts'
import { keyOf, refOf, Resources } from '../model/resources.ts'
import type { Source } from '../translation/source.ts'

/** What all sources have, and what is to be said of the objects that several of them have. */
export interface Gathered extends LoadResult {
  readonly conflicts: readonly Condition[]
}

/**
 * Several sources as one, in order: of an object that two of them have the first has it, and the other's has the
 * condition `Conflicted`; they never merge.
 */
export class Sources {
  private sources: readonly Source[]
  private readonly results = new Map<Source, LoadResult>()

  constructor(sources: readonly Source[]) {
    this.sources = sources
  }

  /** Behind those that are there; before `load`. */
  add(sources: readonly Source[]): void {
    this.sources = [...this.sources, ...sources]
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
    const [first] = results
    const saying = results.filter(({ result }) => !saysNothing(result))
    // What is given on as it is keeps what it knows of the change before it.
    const [only = first, ...others] = saying
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

/** A source that has nothing. */
function saysNothing({ resources, problems, held }: LoadResult): boolean {
  return (
    resources.list.length === 0 &&
    resources.unenforced.length === 0 &&
    problems.length === 0 &&
    held.length === 0
  )
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
    at === null || at.line === 0 ? holder.source.name : `${holder.source.name} (${formatPosition(at)})`
  return {
    about: refOf(resource),
    type: 'Conflicted',
    status: 'True',
    reason: 'InSeveralSources',
    message: `what ${source.name} has is not in force: it is in ${where} too, which comes first`,
    position: resource.at([]),
    source: source.name,
  }
}
