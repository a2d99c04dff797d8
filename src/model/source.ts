import { fill, type Place } from './attached.ts'
import { settle, type FileContent, type Held, type Settled } from './last-good.ts'
import { withHint } from './hints.ts'
import type { Problem } from './resource.ts'
import { Resources } from './resources.ts'
import { unreadOf } from './unenforced.ts'
import { validate } from './validate.ts'
import { readText } from './yaml.ts'

export interface LoadResult {
  /** What counts now, objects that keep their last good version included. */
  readonly resources: Resources
  readonly problems: readonly Problem[]
  /** Which of the resources are last good versions of declarations that are broken now. */
  readonly held: readonly Held[]
}

/**
 * Where resources come from. `load` reads them all; `watch` follows their changes and calls back with each result that
 * differs from the one before; `reload` (SIGHUP) reads and calls back in any case. Nothing throws for what is wrong
 * with what is read: that is in the problems of the result.
 */
export interface Source {
  load(): LoadResult
  watch(onChange: (result: LoadResult) => void): void
  reload(): LoadResult
  close(): void
}

/** One text that never changes: standard input, or what a command has made. `name` stands for a file in messages. */
export class TextSource implements Source {
  private readonly name: string
  private readonly text: string
  private onChange: ((result: LoadResult) => void) | null = null

  constructor(name: string, text: string) {
    this.name = name
    this.text = text
  }

  load(): LoadResult {
    return resultOf(settle([contentOf(this.name, this.text)], [], () => ''))
  }

  watch(onChange: (result: LoadResult) => void): void {
    this.onChange = onChange
  }

  reload(): LoadResult {
    const result = this.load()
    this.onChange?.(result)
    return result
  }

  close(): void {
    this.onChange = null
  }
}

/** What a text says, by the name that messages have for it; `place` is where files that it names are looked for. */
export function contentOf(file: string, text: string, place: Place | null = null): FileContent {
  const { declarations, problems, whole, unread: parts } = readText(text, file)
  const unread = parts.flatMap(part => unreadOf(part.text, part.problem) ?? [])
  const filled = declarations.map(declaration => fill(declaration, place))
  const attached = filled.flatMap(one => one.attached)
  const validations = filled.map(one => validate(one.declaration))
  return { file, validations, problems, whole, unread, ...(attached.length === 0 ? {} : { attached }) }
}

/** All files together; `found` are problems of files that could not be read. */
export function resultOf({ files, problems, held }: Settled, found: readonly Problem[] = []): LoadResult {
  const all = [...found, ...problems]
  const resources = Resources.of(
    files.flatMap(file => file.resources),
    files.flatMap(file => file.unenforced),
    all,
  )
  return Object.freeze({ resources, problems: all.map(problem => withHint(problem, resources)), held })
}
