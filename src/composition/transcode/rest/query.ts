import type { DescField } from '@bufbuild/protobuf'
import type { ReflectMessage } from '@bufbuild/protobuf/reflect'
import { besides, fieldPath, leafType, ownerOf, type FieldPath } from '../rule/field-path.ts'
import type { HttpRule } from '../rule/http-rule.ts'
import { textValue } from '../rule/text-value.ts'
import { BadRequest, type Violation } from './violations.ts'

/** What of a query no field has: names that are let through and mean nothing, or any. */
export type IgnoredParameters = 'unknown' | readonly string[]

/** Of names that have been asked for; those of messages in messages have no end. */
const MOST_NAMES = 1_000

/**
 * The fields that a rule takes from a query: all that neither its path nor its body has (http.proto, "Rules for HTTP
 * mapping"), by their names in the .proto file or in JSON.
 */
export class QueryFields {
  private readonly rule: HttpRule
  private readonly ignored: IgnoredParameters
  private readonly known = new Map<string, FieldPath | string>()

  constructor(rule: HttpRule, ignored: IgnoredParameters = []) {
    this.rule = rule
    this.ignored = ignored
  }

  /** Throws a BadRequest that names every parameter that is wrong. */
  into(message: ReflectMessage, search: string): void {
    if (search === '') return
    const violations: Violation[] = []
    const given = new Set<FieldPath>()
    for (const [name, text] of new URLSearchParams(search)) {
      const wrong = this.set(message, name, text, given)
      if (wrong !== null) violations.push({ field: name, description: wrong })
    }
    if (violations.length > 0) throw new BadRequest(violations)
  }

  private set(root: ReflectMessage, name: string, text: string, given: Set<FieldPath>): string | null {
    const path = this.pathOf(name)
    if (typeof path === 'string') return this.isIgnored(name) ? null : path
    const field = path.at(-1)!
    const message = ownerOf(root, path)
    if (typeof message === 'string') return message
    // One may be there by both of its names.
    if (field.fieldKind !== 'list' && [...given].some(one => samePath(one, path)))
      return 'it is there more than once'
    given.add(path)
    return setField(message, field, text)
  }

  private isIgnored(name: string): boolean {
    return this.ignored === 'unknown' || this.ignored.includes(name)
  }

  private pathOf(name: string): FieldPath | string {
    let path = this.known.get(name)
    if (path === undefined) {
      path = this.resolved(name)
      if (typeof path !== 'string' && this.known.size < MOST_NAMES) this.known.set(name, path)
    }
    return path
  }

  private resolved(name: string): FieldPath | string {
    const { method, body, variables } = this.rule
    if (body === '*') return 'no field is taken from the query: all are in the body'
    const path = fieldPath(method.input, name.split('.'), true)
    if (typeof path === 'string') return path
    if (body !== null && path[0] === body) return `${body.name} is the body`
    if (variables.some(one => samePath(one, path))) return 'it is taken from the path'
    return path
  }
}

const samePath = (a: FieldPath, b: FieldPath): boolean =>
  a.length === b.length && a.every((field, i) => field === b[i])

/** Sets a field, or adds to a list, what a text says; gives what is wrong where it cannot be. */
export function setField(message: ReflectMessage, field: DescField, text: string): string | null {
  const wrong = besides(message, field)
  if (wrong !== null) return wrong
  try {
    const value = textValue(leafType(field)!, text)
    if (field.fieldKind === 'list') message.get(field).add(value)
    else message.set(field, value)
    return null
  } catch (error) {
    return (error as Error).message
  }
}
