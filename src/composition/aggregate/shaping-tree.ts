import type { PartDeclaration } from '../../model/kinds/aggregate/part.ts'
import type { Faults, Place } from './faults.ts'

/** What happens to a member, and to those below it: of `allow`, `deny`, `rename` and `flatten` laid together. */
export class ShapingRule {
  /** All below passes, but for what other rules say. */
  passes = false
  /** It passes, or something below it does. */
  shown = false
  denied = false
  flat = false
  /** What it is called. */
  to: string | null = null
  readonly below = new Map<string, ShapingRule>()

  at(path: string): ShapingRule {
    return made(this, path.split('.'))
  }

  /** From below this to the end of the path, as far as there are rules. */
  along(path: string): readonly ShapingRule[] {
    return found(this, path.split('.'))
  }
}

function made(rule: ShapingRule, [name, ...rest]: readonly string[]): ShapingRule {
  if (name === undefined) return rule
  const next = rule.below.get(name) ?? new ShapingRule()
  rule.below.set(name, next)
  return made(next, rest)
}

function found(rule: ShapingRule, [name, ...rest]: readonly string[]): readonly ShapingRule[] {
  const next = name === undefined ? undefined : rule.below.get(name)
  return next === undefined ? [] : [next, ...found(next, rest)]
}

/** What can never apply is a mistake of who wrote it, and told. */
export function shapingTree(part: PartDeclaration, place: Place, faults: Faults): ShapingRule {
  const root = new ShapingRule()
  const { allow, deny = [], rename = {}, flatten = [] } = part
  root.passes = allow === undefined
  for (const [i, path] of (allow ?? []).entries()) allowed(root, path, [...place, 'allow', i], faults)
  for (const [i, path] of deny.entries())
    if (known(root, path, [...place, 'deny', i], faults)) root.at(path).denied = true
  for (const [path, to] of Object.entries(rename))
    if (known(root, path, [...place, 'rename', path], faults)) root.at(path).to = to
  for (const [i, path] of flatten.entries()) {
    const at = [...place, 'flatten', i]
    if (!known(root, path, at, faults)) continue
    const rule = root.at(path)
    if (rule.to !== null)
      faults.add(at, `${path} is renamed, expected one of both: what is flattened has no name`)
    rule.flat = true
  }
  namedTwice(root, place, faults)
  return root
}

function allowed(root: ShapingRule, path: string, at: Place, faults: Faults): void {
  if (root.along(path).some(({ passes }) => passes))
    faults.add(at, `${path} is allowed already, expected each member once`)
  const rule = root.at(path)
  if ([...rule.below.values()].some(({ shown }) => shown))
    faults.add(at, `${path} allows what others below it list, expected either`)
  for (const one of root.along(path)) one.shown = true
  rule.passes = true
}

/** Whether what is said of a member can come to count. */
function known(root: ShapingRule, path: string, at: Place, faults: Faults): boolean {
  const along = root.along(path)
  const isAllowed =
    root.passes ||
    along.some(({ passes }) => passes) ||
    (along.length === path.split('.').length && along.at(-1)!.shown)
  if (!isAllowed) faults.add(at, `${path} does not pass, expected what "allow" lists`)
  else if (along.some(({ denied }) => denied)) faults.add(at, `${path} is denied, expected one of both`)
  else return true
  return false
}

/** Two members of the answer that would be called the same. Of what is flattened, where its members are known. */
function namedTwice(rule: ShapingRule, place: Place, faults: Faults, open = rule.passes): void {
  const seen = new Set<string>()
  for (const name of ownNames(rule, open).names)
    if (seen.has(name))
      faults.add(place, `two members are called "${name}", expected "rename" or "deny" for one`)
    else seen.add(name)
  for (const one of rule.below.values()) namedTwice(one, place, faults, open || one.passes)
}

export interface ShownNames {
  readonly names: readonly string[]
  /** Whether there may be others. */
  readonly open: boolean
}

/** What the members are called of what a rule lets pass. */
export function ownNames(rule: ShapingRule, open: boolean): ShownNames {
  const names: string[] = []
  let others = open
  for (const [name, one] of rule.below) {
    if (one.denied || !(open || one.shown)) continue
    if (!one.flat) {
      if (!open || one.to !== null) names.push(one.to ?? name)
      continue
    }
    const lifted = ownNames(one, open || one.passes)
    names.push(...lifted.names)
    others ||= lifted.open
  }
  return { names, open: others }
}
