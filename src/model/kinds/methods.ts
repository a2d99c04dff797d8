import { isMethod } from '../../http/methods.ts'
import type { FieldPath } from '../resource.ts'
import { pattern, type Violation } from './shapes.ts'

export const methodName = pattern(
  "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$",
  'a method like "GET" or "PROPFIND"',
  32,
)

/** Methods that no request has: one that differs from a known one only in case would stand for nothing. */
export function methodViolations(methods: readonly string[], at: FieldPath): Violation[] {
  return methods.flatMap((name, i) => {
    if (isMethod(name)) return []
    const upper = name.toUpperCase()
    const message =
      name === upper
        ? `${name} cannot be taken: it is not served here`
        : `${name} differs from ${upper} only in case, expected ${upper}: methods are case-sensitive`
    return [{ path: [...at, i], message }]
  })
}
