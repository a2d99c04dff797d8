import { keyOfIdentity, type FileContent, type FileState } from '../../model/last-good.ts'
import type { Resource } from '../../model/resource.ts'
import { keyOf } from '../../model/resources.ts'
import type { Validation } from '../../model/validate.ts'

/** A text and what it says. */
export interface Written {
  readonly text: string
  readonly content: FileContent
}

/**
 * Whether a text may be only the beginning of one that is just being written in place of `before`: it lacks something
 * that `state`, what is in force of the file, has; or something is broken that was not before; or its last line is not
 * ended, as the one before was.
 */
export function isHalfWritten(now: Written, before: Written, state: FileState): boolean {
  return (
    (before.content.whole && !now.content.whole) ||
    (before.text.endsWith('\n') && !now.text.endsWith('\n')) ||
    breaks(now.content, before.content) ||
    lacks(now.content, state)
  )
}

/** Whether a text says nothing, in place of one that had objects: it was cut to be written, or is "---" as yet. */
export function isEmptied({ validations }: FileContent, { resources, unenforced }: FileState): boolean {
  return validations.length === 0 && resources.length + unenforced.length > 0
}

function breaks(now: FileContent, before: FileContent): boolean {
  const broken = now.validations.filter(isBroken)
  if (broken.length === 0) return false
  const known = new Set(before.validations.filter(isBroken).map(nameOf))
  return broken.some(one => !known.has(nameOf(one)))
}

function isBroken({ problems }: Validation): boolean {
  return problems.some(({ severity }) => severity === 'error')
}

function nameOf({ identity: { kind, namespace, name } }: Validation): string {
  return JSON.stringify([kind, namespace, name])
}

/** An object, a field or an item of a list; an object that is broken keeps its last good version, and is not lacked. */
function lacks({ validations }: FileContent, { resources, unenforced }: FileState): boolean {
  const [before, now] = differing(
    unenforced.length === 0 ? resources : [...resources, ...unenforced.map(one => one.resource)],
    objectsOf(validations),
  )
  const unchanged = new Set(now.map(({ metadata }) => metadata))
  const old = before.filter(({ metadata }) => !unchanged.has(metadata))
  if (old.length === 0) return false
  const broken = new Set(
    validations.flatMap(({ resource, identity }) => (resource === null ? [keyOfIdentity(identity)] : [])),
  )
  const declared = new Map(now.map(one => [keyOf(one), one]))
  return old.some(one => {
    const then = declared.get(keyOf(one))
    if (then === undefined) return !broken.has(keyOf(one))
    return shrinks(one.body, then.body) || shrinks(one.metadata, then.metadata)
  })
}

function objectsOf(validations: readonly Validation[]): Resource[] {
  const objects: Resource[] = []
  for (const { resource, unenforced } of validations) {
    const object = resource ?? unenforced?.resource
    if (object !== undefined) objects.push(object)
  }
  return objects
}

/** Without what both begin with, and what both end with: nearly all of 10,000 objects. */
function differing<T>(a: readonly T[], b: readonly T[]): [T[], T[]] {
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (Math.min(a.length, b.length) - end > start && a.at(-1 - end) === b.at(-1 - end)) end++
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)]
}

/** Whether something is missing that was there, however deep. */
function shrinks(old: unknown, now: unknown): boolean {
  if (typeof old !== 'object' || old === null || old === now) return false
  if (typeof now !== 'object' || now === null || Array.isArray(old) !== Array.isArray(now)) return true
  return Object.entries(old).some(
    ([key, value]) => !Object.hasOwn(now, key) || shrinks(value, Reflect.get(now, key)),
  )
}
