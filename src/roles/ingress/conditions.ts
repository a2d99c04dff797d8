import { formatPath } from '../../model/problem.ts'
import type { Condition, FieldPath, Resource } from '../../model/resource.ts'
import { refOf } from '../../model/resources.ts'

/** What is wrong with one field of an object. `reason` is the standard's. */
export interface Flaw {
  readonly reason: string
  readonly path: FieldPath
  readonly message: string
}

type Carrier = Pick<Condition, 'parent' | 'listener'>

/** The type of our own condition: fields that are known, and valid, and not acted upon by this release. */
const NOT_SERVED = 'NotServed'

/** Longest message that Kubernetes takes is 32,768 characters; the first few flaws are what is read. */
const SHOWN = 8

/** Collects the conditions of one translation. */
export class Report {
  readonly conditions: Condition[] = []

  /** A condition that is as it should be. */
  good(about: Resource, type: string, reason: string, message: string, carrier: Carrier = {}): void {
    this.conditions.push({ about: refOf(about), ...carrier, type, status: 'True', reason, message })
  }

  /** A condition that is not; it has the reason and the position of the first flaw, and tells them all. */
  bad(about: Resource, type: string, flaws: readonly [Flaw, ...Flaw[]], carrier: Carrier = {}): void {
    this.flawed(about, type, 'False', flaws, describe(flaws), carrier)
  }

  /** A condition of negative polarity: True is bad news. */
  warn(
    about: Resource,
    type: string,
    flaws: readonly [Flaw, ...Flaw[]],
    carrier: Carrier = {},
    prefix = '',
  ): void {
    this.flawed(about, type, 'True', flaws, prefix + describe(flaws), carrier)
  }

  unknown(about: Resource, type: string, flaw: Flaw): void {
    this.flawed(about, type, 'Unknown', [flaw], describe([flaw]), {})
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

  private flawed(
    about: Resource,
    type: string,
    status: Condition['status'],
    [first]: readonly [Flaw, ...Flaw[]],
    message: string,
    carrier: Carrier,
  ): void {
    const { reason, path } = first
    this.conditions.push({
      about: refOf(about),
      ...carrier,
      type,
      status,
      reason,
      message,
      path,
      position: about.at(path),
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
