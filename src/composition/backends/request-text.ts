import { PathTemplate } from '../routes/template.ts'
import type { Backend } from './backend.ts'
import type { CallSite } from './call-site.ts'
import type { QueryValue } from './http-client.ts'

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

/** Names in the order given; of a list one for each (OpenAPI's `form`, exploded); what is null or undefined is left out. */
export function queryOf(query: Readonly<Record<string, QueryValue>> | undefined): string {
  if (query === undefined) return ''
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat()) if (one != null) pairs.append(name, String(one))
  return pairs.size === 0 ? '' : `?${pairs.toString()}`
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
