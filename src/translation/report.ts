import { formatPath } from '../model/problem.ts'
import type { Condition, FieldPath, Problem, Resource } from '../model/resource.ts'
import { refOf } from '../model/resources.ts'

/** What is wrong with one field of an object. `reason` is the standard's. */
export interface Flaw {
  readonly reason: string
  readonly path: FieldPath
  readonly message: string
  /** Set where it is only the consequence of something that is told elsewhere. */
  readonly follows?: true
}

type Carrier = Pick<Condition, 'parent' | 'listener'>

/** The type of our own condition: fields that are known, and valid, and not acted upon by this release. */
const NOT_SERVED = 'NotServed'

/** Longest message that Kubernetes takes is 32,768 characters; the first few flaws are what is read. */
const SHOWN = 8

/** Something of an object that is in order, and would serve nobody, or not as it was meant. `reason` is ours. */
export interface Doubt extends Flaw {
  readonly severity: Problem['severity']
}

/** Good conditions, by the parent that they speak of: a route that stays has the same parents. */
const said = new WeakMap<NonNullable<Condition['parent']>, Condition[]>()

/** The one that was made before and says the same, which is frozen and has been looked at by all. */
function asBefore(condition: Condition, parent: NonNullable<Condition['parent']>): Condition {
  let list = said.get(parent)
  if (list === undefined) said.set(parent, (list = []))
  const index = list.findIndex(({ about, type }) => about === condition.about && type === condition.type)
  const known = list[index]
  if (known?.reason === condition.reason && known.message === condition.message) return known
  if (known === undefined) list.push(condition)
  else list[index] = condition
  return condition
}

/** Collects the conditions and the problems of one translation. */
export class Report {
  readonly conditions: Condition[] = []
  readonly problems: Problem[] = []

  /** A problem that is no condition of the object: the standard calls it accepted, and every reference resolved. */
  doubt(about: Resource, { severity, path, message, reason }: Doubt): void {
    this.problems.push({ severity, position: about.at(path), resource: refOf(about), path, message, reason })
  }

  /** A problem of the whole. */
  absence(severity: Problem['severity'], reason: string, message: string): void {
    this.problems.push({ severity, position: null, resource: null, path: [], message, reason })
  }

  /** A condition that is as it should be. */
  good(about: Resource, type: string, reason: string, message: string, carrier: Carrier = {}): void {
    const condition = { about: refOf(about), ...carrier, type, status: 'True', reason, message } as const
    this.conditions.push(carrier.parent === undefined ? condition : asBefore(condition, carrier.parent))
  }

  /** A condition that is not; it has the reason and the position of the first flaw, and tells them all. */
  bad(about: Resource, type: string, flaws: readonly [Flaw, ...Flaw[]], carrier: Carrier = {}): void {
    this.flawed(about, type, 'False', flaws, '', carrier)
  }

  /** A condition of negative polarity: True is bad news. */
  warn(
    about: Resource,
    type: string,
    flaws: readonly [Flaw, ...Flaw[]],
    carrier: Carrier = {},
    prefix = '',
  ): void {
    this.flawed(about, type, 'True', flaws, prefix, carrier)
  }

  unknown(about: Resource, type: string, flaw: Flaw): void {
    this.flawed(about, type, 'Unknown', [flaw], '', {})
  }

  /** Any other condition, as it is. */
  add(about: Resource, condition: Omit<Condition, 'about'>): void {
    this.conditions.push({ about: refOf(about), ...condition })
  }

  /** Fields that are not served, where there are any. */
  notServed(about: Resource, fields: readonly { readonly path: FieldPath; readonly note: string }[]): void {
    const [first, ...rest] = fields.map(({ path, note }) => ({
      reason: 'FieldNotServed',
      path,
      message: note,
    }))
    if (first !== undefined) this.warn(about, NOT_SERVED, [first, ...rest])
  }

  /** Options of other implementations are no fault of the object's; of those that would be ours there is none. */
  unknownOptions(about: Resource, paths: readonly FieldPath[]): void {
    const isOurs = (path: FieldPath): boolean => String(path.at(-1)).startsWith('portcullis.dev/')
    this.notServed(
      about,
      paths.filter(isOurs).map(path => ({ path, note: 'no option of this name is known here' })),
    )
    for (const path of paths)
      if (!isOurs(path))
        this.doubt(about, {
          severity: 'warning',
          reason: 'UnknownOption',
          path,
          message: 'no option of this name is known here, and it changes nothing',
        })
  }

  private flawed(
    about: Resource,
    type: string,
    status: Condition['status'],
    flaws: readonly [Flaw, ...Flaw[]],
    prefix: string,
    carrier: Carrier,
  ): void {
    // What is to be mended comes first, and what only follows from something else behind it.
    const [first = flaws[0], ...rest] = flaws.toSorted(
      (a, b) => Number(a.follows ?? 0) - Number(b.follows ?? 0),
    )
    const { reason, path, follows } = first
    this.conditions.push({
      about: refOf(about),
      ...carrier,
      type,
      status,
      reason,
      message: prefix + describe([first, ...rest]),
      path,
      position: about.at(path),
      ...(follows && { follows }),
      ...(rest.length > 0 && {
        flaws: [first, ...rest].map(flaw => ({ ...flaw, position: about.at(flaw.path) })),
      }),
    })
  }
}

function describe(flaws: readonly Flaw[]): string {
  const shown = flaws.slice(0, SHOWN).map(flaw => `${formatPath(flaw.path)}: ${flaw.message}`)
  return shown.join('; ') + (flaws.length > SHOWN ? `; and ${flaws.length - SHOWN} more` : '')
}

/** Narrows a list to one that has a first item. */
export function isFull<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0
}

/** The paths of all options: the standard leaves them to implementations, and this one has none. */
export function unknownOptions(
  options: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldPath[] {
  return Object.keys(options ?? {}).map(name => [...path, name])
}
