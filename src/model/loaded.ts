import { fill, type TextFolder } from './attached.ts'
import type { FileContent, Held, Settled } from './last-good.ts'
import { withHint } from './hints.ts'
import { readParts, type ReadBefore, type Said } from './parts.ts'
import type { Problem } from './resource.ts'
import { Resources } from './resources.ts'
import type { Kinds } from './kinds.ts'
import { unreadOf } from './unenforced.ts'
import { validate } from './validate.ts'
import { readText, type Reading } from './yaml.ts'

export interface LoadResult {
  /** What counts now, objects that keep their last good version included. */
  readonly resources: Resources
  readonly problems: readonly Problem[]
  /** Which of the resources are last good versions of declarations that are broken now. */
  readonly held: readonly Held[]
}

/**
 * What a text says, by the name that messages have for it; `folder` is where files that it names are looked for, and
 * `before` what the same file said, of which only what differs is read, by `reading`.
 */
export function contentOf(
  file: string,
  text: string,
  kinds: Kinds,
  folder: TextFolder | null = null,
  before: ReadBefore | null = null,
  reading: (text: string, file: string) => Reading = readText,
): FileContent {
  const read = (part: string): Said => saidOf(reading(part, file), kinds, folder)
  const parts = readParts(text, before, read)
  const all = parts.map(({ said }) => said)
  return {
    file,
    validations: all.flatMap(({ validations }) => validations),
    problems: all.flatMap(({ problems }) => problems),
    whole: all.every(({ whole }) => whole),
    unread: all.flatMap(({ unread }) => unread),
    attached: all.flatMap(({ attached }) => attached),
    parts,
  }
}

function saidOf(
  { declarations, problems, whole, unread }: Reading,
  kinds: Kinds,
  folder: TextFolder | null,
): Said {
  const filled = declarations.map(declaration => fill(declaration, folder))
  return {
    validations: filled.map(one => validate(one.declaration, kinds)),
    problems,
    whole,
    unread: unread.flatMap(part => unreadOf(part.text, part.problem, kinds) ?? []),
    attached: filled.flatMap(one => one.attached),
  }
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
