import { hasControl } from '../../http/chars.ts'
import { isFailureName } from '../../http/failures.ts'
import type { Fields } from '../../http/fields.ts'
import { isBodiless } from '../../http/body-fields.ts'
import { ownedFields } from '../../http/owned-fields.ts'
import { canonicalPath, writtenPaths } from '../../http/target.ts'
import { FILTERING, type FieldChange, type FilterVerdict, type Passes } from './filtering.ts'

/** What a bundle has said is none of what it may say. */
export class Unintelligible extends Error {
  override readonly name = 'Unintelligible'
}

/** What a bundle has said, held to what a head may have: code that is mistaken must not break a message apart. Throws Unintelligible. */
export function verdictOf({
  status,
  fields,
}: {
  readonly status: number
  readonly fields: Fields
}): FilterVerdict {
  const text = status === 200 ? fields.get(FILTERING) : undefined
  if (text === undefined) throw new Unintelligible('it threw')
  const verdict = JSON.parse(text) as FilterVerdict
  switch (verdict.kind) {
    case 'pass':
      return held(verdict)
    case 'answer':
      checkStatus(verdict.status)
      checkList(verdict.fields)
      return verdict
    case 'fail':
      if (!isFailureName(verdict.failure)) throw new Unintelligible(`no failure is called ${verdict.failure}`)
      checkList(verdict.fields)
      return verdict
  }
}

function held(passes: Passes): Passes {
  const { path, query, status, changes = [] } = passes
  for (const [, name, value] of changes) checkField(name, value)
  if (status !== undefined) checkStatus(status)
  if (query !== undefined && !/^(?:\?[\x21\x22\x24-\x7e]*)?$/.test(query))
    throw new Unintelligible('no request can have its query')
  if (path === undefined) return passes
  const canonical = path.startsWith('/') ? canonicalPath(path, writtenPaths) : null
  if (typeof canonical !== 'string') throw new Unintelligible('no request can have its path')
  return { ...passes, path: canonical }
}

function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new Unintelligible('no answer can have its status')
}

function checkList(list: readonly string[]): void {
  for (let i = 0; i < list.length; i += 2) checkField(list[i]!, list[i + 1]!)
}

function checkField(name: string, value: string): void {
  if (ownedFields.has(name.toLowerCase()) || hasControl(value) || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    throw new Unintelligible(`no message can have its field ${JSON.stringify(name)}`)
}

/** Names of fields that it has the say of, in lower case. */
export const namesOf = (changes: readonly FieldChange[]): readonly string[] =>
  changes.map(([, name]) => name.toLowerCase())

/** Of an answer: nobody else is to know of them. */
export function changeFields(fields: Fields, changes: readonly FieldChange[]): void {
  for (const [how, name, value] of changes) {
    if (how === 'set') fields.set(name, value)
    else if (how === 'add') fields.add(name, value)
    else fields.remove(name.toLowerCase())
  }
}

/** Another status may stand in the place of one, as long as both have a body, or neither may have one. Throws Unintelligible. */
export function checkChange(from: number, to: number): void {
  // What follows a 101 is no HTTP, whatever the client is told.
  if (from === 101 || isBodiless(to) !== isBodiless(from))
    throw new Unintelligible(`it made ${to} of ${from}`)
}
