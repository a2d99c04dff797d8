import type { Exchange } from '../../../filters/filter.ts'
import { withHyphens } from '../../../filters/spellings.ts'
import { noteTaken, takenFrom } from '../../../filters/taken.ts'
import { sameName, type Fields } from '../../../http/fields.ts'
import type { Place } from './config.ts'

/** Several values of one place that differ: which of them counts, two programs would answer differently. */
export const CONFLICT = Symbol('conflict')

export type Value = string | null | typeof CONFLICT

/** Where a credential may stand. Once it has been taken out, it is still read by who asks for it behind. */
export interface CompiledPlace {
  /** `in the header X-API-Key` */
  readonly help: string
  /** The header that it is in, in lower case; "" for the query. */
  readonly header: string
  read(x: Exchange): Value
  takeOut(x: Exchange): void
}

export function compilePlace({ where, name }: Place): CompiledPlace {
  switch (where) {
    case 'header':
      return headerPlace(name)
    case 'query':
      return queryPlace(name)
    case 'cookie':
      return cookiePlace(name)
    case 'bearer':
      return bearerPlace(name)
  }
}

function headerPlace(name: string): CompiledPlace {
  const lower = name.toLowerCase()
  const place = `header ${lower}`
  return {
    help: `in the header ${name}`,
    header: lower,
    read: x => only(x.request.fields, lower) ?? takenFrom(x, place),
    takeOut(x) {
      const value = x.request.fields.get(lower)
      if (value !== undefined) noteTaken(x, place, value)
      removeSpelled(x.request.fields, lower)
    },
  }
}

/** Authorization with a scheme (RFC 9110 §11.6.2), which the codec takes once. */
function bearerPlace(scheme: string): CompiledPlace {
  const place = 'header authorization'
  const tokenOf = (value: string): string | null => {
    const begins = value.length > scheme.length && value.charCodeAt(scheme.length) === 32
    if (!begins || value.slice(0, scheme.length).toLowerCase() !== scheme.toLowerCase()) return null
    return value.slice(scheme.length).trim()
  }
  return {
    help: `in Authorization: ${scheme}`,
    header: 'authorization',
    read(x) {
      const value = only(x.request.fields, 'authorization') ?? takenFrom(x, place)
      return typeof value === 'string' ? tokenOf(value) : value
    },
    takeOut(x) {
      const value = x.request.fields.get('authorization')
      if (value === undefined || tokenOf(value) === null) return
      noteTaken(x, place, value)
      x.request.fields.remove('authorization')
    },
  }
}

function queryPlace(name: string): CompiledPlace {
  const place = `query ${name}`
  return {
    help: `in the query parameter ${name}`,
    header: '',
    read: x => readParameter(x.request.query, name) ?? takenFrom(x, place),
    takeOut(x) {
      const value = readParameter(x.request.query, name)
      if (value === null) return
      if (typeof value === 'string') noteTaken(x, place, value)
      x.request.query = withoutParameter(x.request.query, name)
    },
  }
}

function cookiePlace(name: string): CompiledPlace {
  const place = `cookie ${name}`
  return {
    help: `in the cookie ${name}`,
    header: 'cookie',
    read: x => readCookie(x.request.fields, name) ?? takenFrom(x, place),
    takeOut(x) {
      const value = readCookie(x.request.fields, name)
      if (value === null) return
      if (typeof value === 'string') noteTaken(x, place, value)
      removeCookie(x.request.fields, name)
    },
  }
}

/** The one value of a field; null where it is not there. */
function only({ list }: Fields, lower: string): Value {
  let found: string | null = null
  for (let i = 0; i < list.length; i += 2) {
    if (!sameName(list[i]!, lower)) continue
    const value = list[i + 1]!
    if (found !== null && found !== value) return CONFLICT
    found = value
  }
  return found
}

/** Removes a field, and what some backends take for it: X_API_Key, where a ClientPolicy allows underscores. */
function removeSpelled(fields: Fields, lower: string): void {
  fields.remove(lower)
  const { list } = fields
  for (let i = list.length - 2; i >= 0; i -= 2) {
    const name = list[i]!
    // A spelling is as long as the name: most others fall out here.
    if (name.length === lower.length && name.includes('_') && withHyphens(name) === withHyphens(lower))
      fields.remove(name.toLowerCase())
  }
}

/** Whether a parameter, as it is written, has this name to whoever decodes it. */
function isNamed(written: string, name: string): boolean {
  if (written === name) return true
  if (!/[%+]/.test(written)) return false
  return decoded(written) === name
}

/** As forms have it (URLSearchParams): "+" is a blank, and what is no escape stays. */
function decoded(written: string): string {
  return new URLSearchParams(`a=${written}`).get('a') ?? ''
}

function readParameter(query: string, name: string): Value {
  // Most queries have neither the name nor an escape that could be one.
  if (query.length < 2 || (!query.includes(name) && !query.includes('%') && !query.includes('+'))) return null
  let found: string | null = null
  for (const part of query.slice(1).split('&')) {
    const equals = part.indexOf('=')
    if (!isNamed(equals < 0 ? part : part.slice(0, equals), name)) continue
    const value = equals < 0 ? '' : decoded(part.slice(equals + 1))
    if (found !== null && found !== value) return CONFLICT
    found = value
  }
  return found
}

function withoutParameter(query: string, name: string): string {
  const left = query
    .slice(1)
    .split('&')
    .filter(part => {
      const equals = part.indexOf('=')
      return !isNamed(equals < 0 ? part : part.slice(0, equals), name)
    })
  return left.length === 0 ? '' : `?${left.join('&')}`
}

/** A pair of a cookie string (RFC 6265 §4.2.1): its name, or "" for none. */
function pairName(pair: string): string {
  const equals = pair.indexOf('=')
  return equals < 0 ? '' : pair.slice(0, equals).trim()
}

function readCookie({ list }: Fields, name: string): Value {
  let found: string | null = null
  for (let i = 0; i < list.length; i += 2) {
    if (!sameName(list[i]!, 'cookie') || !list[i + 1]!.includes(name)) continue
    for (const pair of list[i + 1]!.split(';')) {
      if (pairName(pair) !== name) continue
      const value = unquoted(pair.slice(pair.indexOf('=') + 1).trim())
      if (found !== null && found !== value) return CONFLICT
      found = value
    }
  }
  return found
}

/** RFC 6265 §4.1.1: a value may stand between quotes. */
function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

function removeCookie(fields: Fields, name: string): void {
  const left: string[] = []
  for (let i = 0; i < fields.list.length; i += 2) {
    if (!sameName(fields.list[i]!, 'cookie')) continue
    for (const pair of fields.list[i + 1]!.split(';')) {
      const bare = pair.trim()
      if (bare !== '' && pairName(bare) !== name) left.push(bare)
    }
  }
  fields.remove('cookie')
  // One field, as it is to be (RFC 6265 §5.4).
  if (left.length > 0) fields.add('Cookie', left.join('; '))
}
