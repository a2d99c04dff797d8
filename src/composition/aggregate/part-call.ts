import { any } from '../calls/combine.ts'
import type { HttpCalls, PreparedCall } from '../backends/http-calls.ts'
import { PathTemplate } from '../routes/template.ts'
import type { Assembly } from './assembly.ts'
import type { PartDeclaration } from '../../model/kinds/aggregate/part.ts'
import { fieldName } from './fields.ts'
import type { Faults, Place } from './faults.ts'
import { durationMs } from '../../model/quantity.ts'
import { piecesOf, referencesOf, type Reference, type Resolve } from './template.ts'
import { fieldTemplate, jsonTemplate, pathValue, queryTemplate, type Fill } from './values.ts'

/** Brings what a part is made of: of the request that the assembly is of, and of parts that have come. */
export type Bring = (assembly: Assembly) => unknown

/** The call of a part, made ready: what is left for a request is to put values into it. */
export function partCall(
  backend: string,
  part: PartDeclaration,
  place: Place,
  resolve: Resolve,
  faults: Faults,
): { readonly name: string; readonly bring: Bring } {
  const { method = 'GET', path = '/', timeout, concurrent = 1 } = part
  const name = `${backend} ${method} ${path}`
  const target = targetOf(name, part, place, resolve, faults)
  const headers = headersOf(name, part, place, resolve, faults)
  const body = bodyOf(name, part, place, resolve, faults)
  const timeoutMs = timeout === undefined ? Infinity : (durationMs(timeout) ?? Infinity)
  const call = (assembly: Assembly): PreparedCall => ({
    name,
    method,
    target: target(assembly),
    headers: headers?.(assembly) ?? null,
    body: body?.(assembly) ?? null,
    timeoutMs,
  })
  return { name, bring: begin(backend, call, concurrent) }
}

function begin(backend: string, call: (assembly: Assembly) => PreparedCall, times: number): Bring {
  if (times === 1) return assembly => clientOf(assembly, backend).brought(call(assembly))
  return assembly => {
    const prepared = call(assembly)
    return any(Array.from({ length: times }, () => clientOf(assembly, backend).prepared(prepared))).outcome
  }
}

const clientOf = ({ clients }: Assembly, backend: string): HttpCalls => clients[backend]!

function targetOf(
  call: string,
  { path = '/', query = {} }: PartDeclaration,
  place: Place,
  resolve: Resolve,
  faults: Faults,
): (assembly: Assembly) => string {
  const before = faults.hold([...place, 'path'], () => pathOf(call, path, resolve)) ?? (() => '')
  const parameters = Object.entries(query).map(([name, text]) =>
    faults.hold([...place, 'query', name], () => queryTemplate(name, piecesOf(text, resolve), call)),
  )
  if (parameters.length === 0) return before
  return assembly => {
    let all = ''
    for (const fill of parameters) all += fill?.(assembly) ?? ''
    return all === '' ? before(assembly) : `${before(assembly)}?${all.slice(1)}`
  }
}

function pathOf(call: string, path: string, resolve: Resolve): (assembly: Assembly) => string {
  if (path.includes('?'))
    throw new TypeError(`${JSON.stringify(path)} has a "?", expected the query in "query"`)
  const pieces = piecesOf(path, resolve)
  const places = new Map<string, Reference>()
  const template = new PathTemplate(
    pieces.map(piece => (typeof piece === 'string' ? piece : `{${unlike(piece, places)}}`)).join(''),
  )
  if (places.size === 0) {
    const fixed = template.expand(call)
    return () => fixed
  }
  return assembly => {
    const values: Record<string, unknown> = {}
    for (const [name, reference] of places) values[name] = pathValue(reference, assembly, call)
    return template.expand(call, values)
  }
}

/** A template has each name once, and a path may have a value twice. */
function unlike(reference: Reference, places: Map<string, Reference>): string {
  let name = reference.text
  while (places.has(name)) name += '.again'
  places.set(name, reference)
  return name
}

function headersOf(
  call: string,
  { headers = {}, idempotencyKey }: PartDeclaration,
  place: Place,
  resolve: Resolve,
  faults: Faults,
): Fill<Readonly<Record<string, string>>> | null {
  const fields: (readonly [string, Fill<string>])[] = []
  const add = (name: string, text: string, at: Place) => {
    const fill = faults.hold(at, () => {
      const pieces = piecesOf(text, resolve)
      fieldName(name, referencesOf(pieces).length === 0 ? text : '')
      return fieldTemplate(pieces, call)
    })
    if (fill !== null) fields.push([name.toLowerCase(), fill])
  }
  for (const [name, text] of Object.entries(headers)) add(name, text, [...place, 'headers', name])
  if (idempotencyKey !== undefined) add('idempotency-key', idempotencyKey, [...place, 'idempotencyKey'])
  if (fields.length === 0) return null
  return assembly => {
    const filled: Record<string, string> = {}
    for (const [name, fill] of fields) {
      const value = fill(assembly)
      if (value !== undefined) filled[name] = value
    }
    return filled
  }
}

function bodyOf(
  call: string,
  { body, method = 'GET' }: PartDeclaration,
  place: Place,
  resolve: Resolve,
  faults: Faults,
): Fill<Uint8Array> | null {
  if (body === undefined) return null
  const at = [...place, 'body']
  if (method === 'GET') faults.add(at, 'is there with the method GET, expected another "method"')
  let references = 0
  const counted: Resolve = text => {
    references++
    return resolve(text)
  }
  const fill = faults.hold(at, () => jsonTemplate(body, counted, call))
  if (fill === null) return null
  if (references > 0) return assembly => Buffer.from(JSON.stringify(fill(assembly) ?? null))
  const fixed = Buffer.from(JSON.stringify(fill(NOBODY)))
  return () => fixed
}

/** Of a template without names nothing is asked. */
const NOBODY = undefined as unknown as Assembly
