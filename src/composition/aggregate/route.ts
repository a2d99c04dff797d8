import type { TSchema } from 'typebox'
import { durationMs } from '../../model/quantity.ts'
import type { HttpCalls } from '../backends/http-calls.ts'
import { Scope } from '../calls/scope.ts'
import { answer, ShapedAnswer, type Answer } from '../routes/answer.ts'
import type { Asked, In, ComposedRoute, PartialReport, RouteOptions } from '../routes/route.ts'
import { PathTemplate } from '../routes/template.ts'
import { Assembly } from './assembly.ts'
import type { RouteDeclaration } from '../../model/kinds/aggregate/aggregate.ts'
import type { PartDeclaration } from '../../model/kinds/aggregate/part.ts'
import { failureRules } from './failures.ts'
import { fieldName } from './fields.ts'
import type { Faults, Place } from './faults.ts'
import { inputsOf, understood } from './inputs.ts'
import { mergingOf, type Merging } from './merging.ts'
import { orderOf } from './order.ts'
import { Part } from './part.ts'
import { resolverOf, type Names } from './references.ts'

type Options = ComposedRoute['options']

/** A route of the engine as it is declared. What is wrong with it is among the faults; what comes back then is for no one. */
export function routeOf(
  route: RouteDeclaration,
  backends: readonly string[],
  place: Place,
  faults: Faults,
): ComposedRoute {
  const given = inputsOf(route, place, faults)
  const parts = partsOf(route, backends, place, faults)
  const merging = mergingOf(parts, [...place, 'parts'], faults)
  const order = ordered(parts, Object.keys(route.parts), [...place, 'parts'], faults)
  const { method = 'GET', path } = route
  return {
    kind: 'composed',
    method,
    path,
    options: optionsOf(route, given, parts, order, merging, place, faults),
  }
}

function partsOf(
  route: RouteDeclaration,
  backends: readonly string[],
  place: Place,
  faults: Faults,
): readonly Part[] {
  const resolve = resolverOf(namesOf(route, place, faults))
  const names = Object.keys(route.parts)
  const shown = Object.values(route.parts).filter(({ hide }) => hide !== true).length
  return Object.entries(route.parts).map(([name, part], at) => {
    const where = [...place, 'parts', name]
    if (!/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]*$/.test(name))
      faults.add(
        where,
        `${JSON.stringify(name)} cannot be named in braces, expected letters, digits, "_" and "-"`,
      )
    if (part.backend !== undefined && !backends.includes(part.backend))
      faults.add(
        [...where, 'backend'],
        `${JSON.stringify(part.backend)} is not there, expected one of "backends" (${backends.join(', ')})`,
      )
    const before = [
      ...afterOf(part, where, names, faults),
      ...(route.sequential === true && at > 0 ? [at - 1] : []),
    ]
    const isMerged = part.merge === true && shown > 1
    return new Part({ name, at, before, isMerged }, part, where, resolve, faults)
  })
}

function afterOf(
  { after = [] }: PartDeclaration,
  place: Place,
  names: readonly string[],
  faults: Faults,
): readonly number[] {
  return after.flatMap((name, i) => {
    const at = names.indexOf(name)
    if (at !== -1) return at
    faults.add(
      [...place, 'after', i],
      `${JSON.stringify(name)} is not there, expected a part of the route (${names.join(', ')})`,
    )
    return []
  })
}

function namesOf(route: RouteDeclaration, place: Place, faults: Faults): Names {
  const { query = {}, headers = {}, params = {}, body, parts } = route
  const inPath =
    faults.hold([...place, 'path'], () => new PathTemplate(route.path).names) ?? Object.keys(params)
  for (const name of Object.keys(params))
    if (!inPath.includes(name))
      faults.add(
        [...place, 'params', name],
        `is not in the path, expected one of its names (${inPath.join(', ')})`,
      )
  const standards = (of: NonNullable<RouteDeclaration['query']>) =>
    new Map(Object.entries(of).map(([name, input]) => [name, input.default]))
  return {
    params: inPath,
    query: standards(query),
    headers: standards(headers),
    body: body !== undefined,
    parts: Object.keys(parts),
  }
}

function ordered(
  parts: readonly Part[],
  names: readonly string[],
  place: Place,
  faults: Faults,
): readonly number[] {
  const order = orderOf(parts)
  if (!('ring' in order)) return order
  const [first = 0] = order.ring
  faults.add(
    [...place, names[first]!],
    `needs itself (${order.ring.map(at => names[at]).join(' needs ')}), expected parts of which none does`,
  )
  return []
}

function optionsOf(
  route: RouteDeclaration,
  given: In,
  parts: readonly Part[],
  order: readonly number[],
  merging: Merging,
  place: Place,
  faults: Faults,
): Options {
  const {
    out,
    timeout,
    failures,
    answerHeaders = {},
    partial,
    summary,
    description,
    operationId,
    tags,
  } = route
  for (const [name, value] of Object.entries(answerHeaders))
    faults.hold([...place, 'answerHeaders', name], () => fieldName(name, value))
  return {
    in: given,
    out: out === undefined ? (merging.schema as TSchema) : understood(out, [...place, 'out'], faults),
    status: route.status ?? 200,
    partial: reportOf(partial),
    failures: failureRules(failures),
    calls: [...new Set(parts.flatMap(({ call }) => call ?? []))] as never,
    ...(timeout !== undefined && { timeoutMs: durationMs(timeout)! }),
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(operationId !== undefined && { operationId }),
    ...(tags !== undefined && { tags }),
    run: runOf(parts, order, merging, answerHeaders, out !== undefined),
  }
}

function reportOf(partial: RouteDeclaration['partial']): PartialReport {
  if (partial === undefined || partial.report === 'Header') return 'header'
  return partial.report === 'Refuse' ? 'refuse' : { member: partial.member ?? 'partial' }
}

/** What runs for a request: nothing of the declaration is looked at any more. */
function runOf(
  parts: readonly Part[],
  order: readonly number[],
  { merge }: Merging,
  headers: Readonly<Record<string, string>>,
  isChecked: boolean,
): RouteOptions<never, never, never, TSchema>['run'] {
  const after = parts.map(part => [...part.after])
  const fields = answer(null, { headers }).headers
  return (asked: Asked & { readonly c: object }): Promise<Answer<unknown>> => {
    const scope = Scope.current()!.request
    const assembly = new Assembly(asked, scope, asked.c as Readonly<Record<string, HttpCalls>>)
    const begun: Promise<void>[] = []
    for (const at of order) begun[at] = behind(after[at]!, begun, parts[at]!, assembly)
    return Promise.all(begun).then(() =>
      isChecked
        ? answer(merge(assembly), { headers: fields })
        : new ShapedAnswer(merge(assembly), null, fields),
    )
  }
}

function behind(
  after: readonly number[],
  begun: readonly Promise<void>[],
  part: Part,
  assembly: Assembly,
): Promise<void> {
  if (after.length === 0) return part.run(assembly)
  const before = after.length === 1 ? begun[after[0]!]! : Promise.all(after.map(at => begun[at]!))
  return before.then(() => part.run(assembly))
}
