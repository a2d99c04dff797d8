/** What a claim says. */
export interface ClaimValue {
  readonly isThere: boolean
  /** As texts: of an array its members, numbers and truth values as JSON writes them. */
  readonly values: readonly string[]
  /** Whether there is something in it that is no text: an object, null. */
  readonly isOpaque: boolean
}

/** Deeper than any issuer nests, and far from the end of the stack: what is below counts as something that cannot be read. */
const DEEPEST = 32

/**
 * Reads a claim by its name; where there is none of that name, dots are steps into claims within it (`realm_access.roles`).
 * A step into an array is one into each of its members.
 */
export function claimReader(name: string): (claims: Readonly<Record<string, unknown>>) => ClaimValue {
  const path = name.split('.')
  return claims => {
    const found: Found = { isThere: false, values: [], isOpaque: false }
    if (Object.hasOwn(claims, name)) collect(claims[name], [], found, 0)
    else if (path.length > 1) collect(claims, path, found, 0)
    return found
  }
}

interface Found extends ClaimValue {
  isThere: boolean
  readonly values: string[]
  isOpaque: boolean
}

function collect(value: unknown, path: readonly string[], found: Found, depth: number): void {
  if (depth > DEEPEST) return opaque(found)
  if (Array.isArray(value)) {
    if (path.length === 0) found.isThere = true
    for (const member of value) collect(member, path, found, depth + 1)
    return
  }
  const [step, ...rest] = path
  if (step === undefined) return read(value, found)
  if (isObject(value) && Object.hasOwn(value, step)) collect(value[step], rest, found, depth + 1)
}

function read(value: unknown, found: Found): void {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return opaque(found)
  found.isThere = true
  found.values.push(String(value))
}

function opaque(found: Found): void {
  found.isThere = true
  found.isOpaque = true
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
