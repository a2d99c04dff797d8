import { CallFailure } from '../calls/failure.ts'
import { isObject } from '../schemas/picked.ts'
import type { ShapingRule } from './shaping-tree.ts'

type Shape = (value: unknown) => unknown
type Members = Readonly<Record<string, unknown>>

/**
 * Makes of what a backend says what is shown of it, compiled from its tree of rules. Undefined where nothing may pass.
 * Throws a CallFailure where what is to be flattened is no object. The value stays as it is.
 */
export function shapeOf(root: ShapingRule, call: string): Shape {
  return shape(root, root.passes, call)
}

/** `open`: what no rule names passes. */
function shape(rule: ShapingRule, open: boolean, call: string): Shape {
  if (rule.below.size === 0) return open ? value => value : () => undefined
  const members = open ? openMembers(rule, call) : listedMembers(rule, call)
  const whole: Shape = value => {
    if (Array.isArray(value)) return value.map(whole).filter(item => item !== undefined)
    if (isObject(value)) return members(value)
    // Of what is no object nothing that a list of members names can pass; null says that there is none.
    return open || value === null ? value : undefined
  }
  return whole
}

interface Step {
  readonly name: string
  readonly to: string
  readonly flat: boolean
  readonly shape: Shape
}

const stepsOf = (rule: ShapingRule, open: boolean, call: string): readonly Step[] =>
  [...rule.below]
    .filter(([, one]) => !one.denied && (open || one.shown))
    // What stands there by itself comes first, so that nothing that is flattened takes its place.
    .sort(([, a], [, b]) => Number(a.flat) - Number(b.flat))
    .map(([name, one]) => ({
      name,
      to: one.to ?? name,
      flat: one.flat,
      shape: shape(one, open || one.passes, call),
    }))

function listedMembers(rule: ShapingRule, call: string): (value: Members) => Members {
  const steps = stepsOf(rule, false, call)
  return value => {
    const shown: Record<string, unknown> = {}
    for (const step of steps) if (Object.hasOwn(value, step.name)) place(shown, step, value[step.name], call)
    return shown
  }
}

function openMembers(rule: ShapingRule, call: string): (value: Members) => Members {
  const steps = stepsOf(rule, true, call)
  return value => {
    const shown: Record<string, unknown> = {}
    for (const [name, member] of Object.entries(value))
      if (!rule.below.has(name) && name !== '__proto__') shown[name] = member
    for (const step of steps) if (Object.hasOwn(value, step.name)) place(shown, step, value[step.name], call)
    return shown
  }
}

function place(
  shown: Record<string, unknown>,
  { name, to, flat, shape: of }: Step,
  given: unknown,
  call: string,
) {
  const value = of(given)
  if (!flat) {
    if (value !== undefined) shown[to] = value
    return
  }
  if (value == null) return
  if (!isObject(value))
    throw new CallFailure('backend_response_invalid', call, `${name} is to be flattened, and is no object`)
  for (const [member, one] of Object.entries(value))
    if (!Object.hasOwn(shown, member) && member !== '__proto__') shown[member] = one
}
