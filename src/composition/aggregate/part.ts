import { CallFailure, isCancelled } from '../calls/failure.ts'
import { isObject } from '../schemas/picked.ts'
import type { Assembly } from './assembly.ts'
import type { PartDeclaration } from '../../model/kinds/aggregate/part.ts'
import type { Faults, Place } from './faults.ts'
import { memberAt } from './members.ts'
import { partCall, type Bring } from './part-call.ts'
import { shapeOf } from './shaping.ts'
import { shapingTree, type ShapingRule } from './shaping-tree.ts'
import type { Resolve } from './template.ts'
import { jsonTemplate } from './values.ts'

export interface PartPlace {
  readonly name: string
  /** By the order of the declaration. */
  readonly at: number
  /** What must have come before, beside what it names in braces. */
  readonly before: readonly number[]
  /** Whether its members stand beside those of others. */
  readonly isMerged: boolean
}

/** A part of a route, compiled. */
export class Part {
  /** By the order of the declaration. */
  readonly at: number
  readonly declaration: PartDeclaration
  /** What it is called in the answer, and where it is said that it is missing. */
  readonly title: string
  /** What calls it, `users GET /users/{params.id}`; null where it makes no call. */
  readonly call: string | null
  readonly rules: ShapingRule
  /** Parts that must have come before. */
  readonly after: ReadonlySet<number>
  private readonly bring: Bring
  private readonly path: readonly string[] | null
  private readonly shape: (value: unknown) => unknown
  private readonly isHard: boolean
  private readonly fallback: unknown
  private readonly mustBeObject: boolean

  constructor(
    { name, at, before, isMerged }: PartPlace,
    part: PartDeclaration,
    place: Place,
    resolve: Resolve,
    faults: Faults,
  ) {
    const after = new Set<number>(before)
    const noted: Resolve = text => {
      const reference = resolve(text)
      if (reference.part !== null) after.add(reference.part)
      return reference
    }
    this.at = at
    this.declaration = part
    this.title = part.group ?? name
    this.after = after
    this.isHard = part.required ?? part.default === undefined
    this.fallback = part.default
    this.mustBeObject = isMerged
    checkPart(part, isMerged, place, faults)
    const { call, bring } = sourceOf(name, part, place, noted, faults)
    this.call = call
    this.bring = bring
    this.path = part.pick?.split('.') ?? null
    this.rules = shapingTree(part, place, faults)
    this.shape = shapeOf(this.rules, call ?? name)
  }

  /** Settles when it is here, or stands for something that may be missing; fails where the request does. */
  run(assembly: Assembly): Promise<void> {
    return new Promise((resolve, reject) => {
      const missed = (error: unknown): void => {
        if (this.isHard || isCancelled(error) || assembly.scope.cancelledBy !== null)
          return reject(error as Error)
        assembly.scope.partials.push({ part: { name: this.title }, error })
        assembly.failed[this.at] = error
        assembly.picked[this.at] = this.fallback
        assembly.shown[this.at] = this.fallback
        resolve()
      }
      const take = (brought: unknown): void => {
        try {
          this.take(assembly, brought)
          resolve()
        } catch (error) {
          missed(error)
        }
      }
      try {
        const brought = this.bring(assembly)
        if (brought instanceof Promise) brought.then(take, missed)
        else take(brought)
      } catch (error) {
        missed(error)
      }
    })
  }

  private take(assembly: Assembly, brought: unknown): void {
    const { path, at, declaration } = this
    const picked = path === null ? brought : memberAt(brought, path)
    if (declaration.hide !== true) {
      if (picked === undefined)
        throw this.invalid(path === null ? 'it is empty' : `it has no ${path.join('.')}`)
      const shown = this.shape(picked)
      if (shown === undefined) throw this.invalid('it is no object, of which members are allowed')
      if (this.mustBeObject && !isObject(shown)) throw this.invalid('it is to be merged, and is no object')
      assembly.shown[at] = shown
    } else if (picked === undefined && path !== null) throw this.invalid(`it has no ${path.join('.')}`)
    assembly.picked[at] = picked
  }

  private invalid(why: string): CallFailure {
    return new CallFailure('backend_response_invalid', this.call ?? '', why)
  }
}

function sourceOf(
  name: string,
  part: PartDeclaration,
  place: Place,
  resolve: Resolve,
  faults: Faults,
): { readonly call: string | null; readonly bring: Bring } {
  if (part.backend !== undefined) {
    const made = partCall(part.backend, part, place, resolve, faults)
    return { call: made.name, bring: made.bring }
  }
  const bring = faults.hold([...place, 'value'], () => jsonTemplate(part.value, resolve, name))
  return { call: null, bring: bring ?? (() => undefined) }
}

const OF_CALLS = [
  'method',
  'path',
  'query',
  'headers',
  'body',
  'idempotencyKey',
  'timeout',
  'concurrent',
] as const
const OF_ANSWERS = ['allow', 'deny', 'rename', 'flatten', 'group', 'merge'] as const

function checkPart(part: PartDeclaration, isMerged: boolean, place: Place, faults: Faults): void {
  const { backend, value, path, method = 'GET', concurrent = 1 } = part
  if ((backend === undefined) === (value === undefined))
    faults.add(
      [...place, 'backend'],
      `is ${backend === undefined ? 'missing' : 'there beside "value"'}, expected either "backend" or "value"`,
    )
  if (backend !== undefined && path === undefined)
    faults.add([...place, 'path'], 'is missing, expected a path like "/users/{params.id}"')
  if (value !== undefined)
    for (const field of OF_CALLS)
      if (part[field] !== undefined)
        faults.add([...place, field], 'is there beside "value", expected it with "backend" alone')
  if (concurrent > 1 && method !== 'GET')
    faults.add([...place, 'concurrent'], `is ${concurrent} with ${method}, expected it with GET alone`)
  if (part.hide === true)
    for (const field of OF_ANSWERS)
      if (part[field] !== undefined)
        faults.add([...place, field], 'is there beside "hide", expected a part that is in the answer')
  if (part.group !== undefined && part.merge === true)
    faults.add([...place, 'group'], 'is there beside "merge", expected one of both')
  checkDefault(part, isMerged, place, faults)
}

function checkDefault(part: PartDeclaration, isMerged: boolean, place: Place, faults: Faults): void {
  if (part.default === undefined) return
  if (part.required === true)
    faults.add([...place, 'default'], 'is there beside "required", expected one of both')
  if (isMerged && !isObject(part.default))
    faults.add([...place, 'default'], 'is no object, expected one: its members are merged')
}
