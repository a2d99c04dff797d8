import { PathTemplate } from '../routes/template.ts'
import type { Backend } from './backend.ts'
import type { CallSite } from './call-site.ts'
import type { QueryValue } from './http-client.ts'

/** What of a call is the same whenever it is made. */
interface KnownCall {
  /** `users GET /users/{id}` */
  readonly name: string
  /** In upper case. */
  readonly method: string
  readonly template: PathTemplate
}

/** By backend, method and path. */
const calls = new Map<string, Map<string, Map<string, KnownCall>>>()
let known = 0

export function knownCall(backend: string, method: string, path: string): KnownCall {
  const found = calls.get(backend)?.get(method)?.get(path)
  if (found !== undefined) return found
  const onWire = method.toUpperCase()
  const call = { name: `${backend} ${onWire} ${path}`, method: onWire, template: templateOf(path) }
  if (known++ < MOST_TEMPLATES) belowOf(belowOf(calls, backend), method).set(path, call)
  return call
}

function belowOf<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let below = map.get(key)
  if (below === undefined) map.set(key, (below = new Map<string, V>()))
  return below
}

const templates = new Map<string, PathTemplate>()
/** Paths of a composition are written in its code, those without braces of http() perhaps not. */
const MOST_TEMPLATES = 2_000

export function templateOf(path: string): PathTemplate {
  let template = templates.get(path)
  if (template === undefined) {
    template = new PathTemplate(path)
    if (templates.size < MOST_TEMPLATES) templates.set(path, template)
  }
  return template
}

/**
 * Names in the order given; of a list one for each (OpenAPI's `form`, exploded), of an object one for each member
 * (`deepObject`); what is null or undefined is left out.
 */
export function queryOf(query: Readonly<Record<string, QueryValue>> | undefined): string {
  if (query === undefined) return ''
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) addTo(pairs, name, value)
  return pairs.size === 0 ? '' : `?${pairs.toString()}`
}

function addTo(pairs: URLSearchParams, name: string, value: QueryValue): void {
  if (value == null) return
  if (Array.isArray(value)) for (const one of value as readonly QueryValue[]) addTo(pairs, name, one)
  else if (typeof value === 'object')
    for (const [member, one] of Object.entries(value)) addTo(pairs, `${name}[${member}]`, one)
  else pairs.append(name, String(value))
}

export function bodyOf(body: unknown, headers: Record<string, string>): Uint8Array | null {
  if (body === undefined) return null
  if (body instanceof Uint8Array) return body
  if (typeof body === 'string' && headers['content-type'] !== undefined) return Buffer.from(body)
  headers['content-type'] ??= 'application/json'
  return Buffer.from(JSON.stringify(body))
}

/** Fields that a backend gets whatever is called: what its protocol has, what it is declared with, and what it is to get of the client's. */
export function fieldsFor(
  backend: Backend,
  site: CallSite,
  usual: Readonly<Record<string, string>>,
): Record<string, string> {
  const fields: Record<string, string> = { ...usual, ...backend.headers }
  for (const name of backend.relay) {
    const value = site.headers[name]
    if (value !== undefined) fields[name] = value
  }
  return fields
}
