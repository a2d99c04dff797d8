import { unescaped } from '../document.ts'
/** A part of a document that is being written. */
export type Json = Record<string, unknown>

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object in a field, which is made where there is none. */
export function objectIn(parent: Json, field: string): Json {
  const known = parent[field]
  if (isObject(known)) return known
  const made: Json = {}
  parent[field] = made
  return made
}

/** Puts it under this name, or under one like it where the document means something else by that. */
export function named(all: Json, wanted: string, value: unknown): string {
  const text = JSON.stringify(value)
  for (let i = 1; ; i++) {
    const name = i === 1 ? wanted : `${wanted}${i}`
    if (Object.hasOwn(all, name) && JSON.stringify(all[name]) !== text) continue
    all[name] = value
    return name
  }
}

/** What a JSON Pointer in a URI fragment leads to (RFC 6901 §6). */
export function pointed(document: Json, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .map(unescaped)
    .reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), document)
}
