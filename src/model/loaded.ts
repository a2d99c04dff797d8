import { fill, type Attached, type TextFolder } from './attached.ts'
import type { FileContent, Held, Settled } from './last-good.ts'
import { withHint } from './hints.ts'
import { readParts, type ReadBefore, type Said } from './parts.ts'
import type { Problem } from './resource.ts'
import { Resources } from './resources.ts'
import type { Kinds } from './kinds.ts'
import { unreadOf } from './unenforced.ts'
import type { Unenforced } from './targeting.ts'
import { validate, type Validation } from './validate.ts'
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
  const content = {
    file,
    validations: new Array<Validation>(),
    problems: new Array<Problem>(),
    whole: parts.every(({ said }) => said.whole),
    unread: new Array<Unenforced>(),
    attached: new Array<Attached>(),
    parts,
  }
  // In one go: of 10,000 parts nearly all have one object, and nothing else.
  for (const { said } of parts) {
    for (const one of said.validations) content.validations.push(one)
    for (const one of said.problems) content.problems.push(one)
    for (const one of said.unread) content.unread.push(one)
    for (const one of said.attached) content.attached.push(one)
  }
  return content
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

/** All files together; `found` are problems of files that could not be read, `before` what there was. */
export function resultOf(
  { files, problems, held }: Settled,
  found: readonly Problem[] = [],
  before: Resources | null = null,
): LoadResult {
  const all = [...found, ...problems]
  const resources = Resources.of(
    files.flatMap(file => file.resources),
    files.flatMap(file => file.unenforced),
    all,
    before,
  )
  return Object.freeze({ resources, problems: all.map(problem => withHint(problem, resources)), held })
}
