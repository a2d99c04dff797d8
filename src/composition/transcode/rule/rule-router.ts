import { decoded, type HttpTemplate } from './path-template.ts'

/** What a router finds: anything that has a method of HTTP (`*`: any) and a template. */
interface Routed {
  readonly httpMethod: string
  readonly template: HttpTemplate
}

export interface Matched<R> {
  readonly rule: R
  /** Of the path, as they were sent, without the verb. */
  readonly segments: readonly string[]
}

/** What a path may mean. */
interface Reading {
  readonly segments: readonly string[]
  readonly verb: string
}

class Branch<R> {
  readonly literals = new Map<string, Branch<R>>()
  one: Branch<R> | null = null
  /** By verb and method, where the path may end here. */
  readonly ends = new Map<string, Map<string, R>>()
  /** The same, where `**` takes what is left. */
  readonly rests = new Map<string, Map<string, R>>()
}

/**
 * Which rule takes a request: at each segment, text comes before `*`, and that before `**`; where it leads nowhere, the
 * next is tried. A colon in the last segment parts a verb from it where a rule has that verb, and is text of it where
 * none does, as in Envoy.
 */
export class RuleRouter<R extends Routed> {
  private readonly root = new Branch<R>()
  private readonly verbs = new Set<string>()
  private lastPath = ''
  private lastReadings: readonly Reading[] = [{ segments: [], verb: '' }]

  constructor(rules: readonly R[]) {
    for (const rule of rules) this.add(rule)
  }

  /** The methods that the path has, where it has not this one; null where no rule takes it. Throws a URIError for a broken escape. */
  find(method: string, path: string): Matched<R> | readonly string[] | null {
    if (!path.startsWith('/')) return null
    for (const { segments, verb } of this.readings(path)) {
      const rule = this.walk(this.root, segments, 0, verb, method, null)
      if (rule !== null) return { rule, segments }
    }
    const allowed = new Set<string>()
    for (const { segments, verb } of this.readings(path))
      this.walk(this.root, segments, 0, verb, method, allowed)
    return allowed.size === 0 ? null : [...allowed]
  }

  /** Whether a rule takes the path, by any method. */
  has(path: string): boolean {
    return (
      path.startsWith('/') &&
      this.readings(path).some(
        ({ segments, verb }) => this.walk(this.root, segments, 0, verb, ANY, null) !== null,
      )
    )
  }

  private add(rule: R): void {
    const { template, httpMethod } = rule
    let branch = this.root
    let ends = branch.ends
    for (const segment of template.segments) {
      if (segment.kind === 'rest') {
        ends = branch.rests
        break
      }
      const next: Branch<R> =
        segment.kind === 'one' ? (branch.one ??= new Branch<R>()) : literalOf(branch, segment.text)
      branch = next
      ends = branch.ends
    }
    const byMethod = ends.get(template.verb) ?? new Map<string, R>()
    if (byMethod.has(httpMethod))
      throw new TypeError(`two rules take ${httpMethod} ${byMethod.get(httpMethod)!.template.shape}`)
    byMethod.set(httpMethod, rule)
    ends.set(template.verb, byMethod)
    if (template.verb !== '') this.verbs.add(template.verb)
  }

  /** Who asks whether there is a rule asks for the rule next. */
  private readings(path: string): readonly Reading[] {
    if (path !== this.lastPath) {
      this.lastReadings = this.readingsOf(path)
      this.lastPath = path
    }
    return this.lastReadings
  }

  private readingsOf(path: string): readonly Reading[] {
    const whole = { segments: segmentsOf(path), verb: '' }
    const colon = path.lastIndexOf(':')
    if (colon <= path.lastIndexOf('/')) return [whole]
    const verb = decoded(path.slice(colon + 1))
    return this.verbs.has(verb) ? [{ segments: segmentsOf(path.slice(0, colon)), verb }, whole] : [whole]
  }

  private walk(
    branch: Branch<R>,
    segments: readonly string[],
    at: number,
    verb: string,
    method: string | typeof ANY,
    allowed: Set<string> | null,
  ): R | null {
    if (at === segments.length)
      return taken(branch.ends, verb, method, allowed) ?? taken(branch.rests, verb, method, allowed)
    const segment = segments[at]!
    const literal = branch.literals.get(decoded(segment))
    const found =
      (literal === undefined ? null : this.walk(literal, segments, at + 1, verb, method, allowed)) ??
      // An empty segment is none: `/v1//x` is not `/v1/{name}/x`.
      (branch.one === null || segment === ''
        ? null
        : this.walk(branch.one, segments, at + 1, verb, method, allowed))
    return found ?? taken(branch.rests, verb, method, allowed)
  }
}

const ANY = Symbol('any')

const segmentsOf = (path: string): string[] => (path === '/' ? [] : path.slice(1).split('/'))

function literalOf<R>(branch: Branch<R>, text: string): Branch<R> {
  let next = branch.literals.get(text)
  if (next === undefined) branch.literals.set(text, (next = new Branch<R>()))
  return next
}

/** HEAD is GET without a body, where no rule has it. */
function taken<R>(
  ends: ReadonlyMap<string, ReadonlyMap<string, R>>,
  verb: string,
  method: string | typeof ANY,
  allowed: Set<string> | null,
): R | null {
  const byMethod = ends.get(verb)
  if (byMethod === undefined) return null
  if (method === ANY) return byMethod.values().next().value ?? null
  const rule =
    byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined) ?? byMethod.get('*')
  if (rule !== undefined || allowed === null) return rule ?? null
  for (const one of byMethod.keys()) allowed.add(one)
  if (byMethod.has('GET')) allowed.add('HEAD')
  return null
}
