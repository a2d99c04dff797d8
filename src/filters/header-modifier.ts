import type { Fields } from '../http/fields.ts'
import { HINT_FORWARDED, HINT_REQUEST_ID, HINT_TRACE, HINT_VIA, type RequestHead } from '../http/head.ts'
import { ownedFields } from '../http/owned-fields.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import { authoritySetter } from './authority.ts'
import type { FilterType } from './filter.ts'
import { noteTaken } from './taken.ts'

export interface HeaderModifierConfig extends FilterConfig {
  readonly type: 'request-headers' | 'response-headers'
  readonly set: readonly Field[]
  readonly add: readonly Field[]
  /** Lower case. */
  readonly remove: readonly string[]
}

interface Field {
  readonly name: string
  readonly value: string
}

/**
 * Gateway API HTTPHeaderFilter on the request. Host is not among the fields: set
 * or added, it replaces what the request is addressed to (a second Host would be
 * a request smuggled past someone); it cannot be removed (RFC 9112 §3.2).
 */
export const requestHeaders: FilterType<HeaderModifierConfig> = {
  type: 'request-headers',
  role: 'ingress',
  phase: 'headers',
  describe,
  compile(config) {
    const modify = compileModifier(config)
    const host = [...config.set, ...config.add].find(({ name }) => name.toLowerCase() === 'host')
    const setAuthority = host === undefined ? null : authoritySetter(host.value)
    const hints = hintsOf([...config.set, ...config.add])
    const taken =
      config.ahead === true ? [...config.set.map(({ name }) => name.toLowerCase()), ...config.remove] : []
    return {
      request(x) {
        const { request } = x
        // The cache is behind it, and has to know what it does not see.
        for (const name of taken) {
          const value = request.fields.combined(name)
          if (value !== undefined) noteTaken(x, `header ${name}`, value)
        }
        modify(request.fields)
        setAuthority?.(request)
        request.hints |= hints
        return undefined
      },
    }
  },
}

/** The same on the response. */
export const responseHeaders: FilterType<HeaderModifierConfig> = {
  type: 'response-headers',
  role: 'ingress',
  phase: 'headers',
  describe,
  compile(config) {
    const modify = compileModifier(config)
    return {
      response({ response }) {
        modify(response.fields)
      },
    }
  },
}

function describe({ type, set, add, remove }: HeaderModifierConfig): string {
  const named = (verb: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${verb} ${names.join(', ')}`]
  const changes = [
    ...named(
      'set',
      set.map(({ name }) => name),
    ),
    ...named(
      'add',
      add.map(({ name }) => name),
    ),
    ...named('remove', remove),
  ]
  return `${type} ${changes.join('; ')}`
}

function compileModifier({ set, add, remove }: HeaderModifierConfig): (fields: Fields) => void {
  const sets = set.filter(isModifiable).map(field => ({ ...field, lower: field.name.toLowerCase() }))
  const adds = add.filter(isModifiable)
  return fields => {
    for (const { name, value, lower } of sets) fields.set(name, value, lower)
    // A further field line is the same as a value appended with a comma (RFC 9110 §5.3), and right for Set-Cookie too.
    for (const { name, value } of adds) fields.add(name, value)
    for (const name of remove) fields.remove(name)
  }
}

function isModifiable({ name }: Field): boolean {
  return !ownedFields.has(name.toLowerCase())
}

const hintByName: Readonly<Partial<Record<string, RequestHead['hints']>>> = {
  forwarded: HINT_FORWARDED,
  'x-forwarded-for': HINT_FORWARDED,
  'x-forwarded-proto': HINT_FORWARDED,
  'x-forwarded-host': HINT_FORWARDED,
  'x-forwarded-port': HINT_FORWARDED,
  'x-request-id': HINT_REQUEST_ID,
  traceparent: HINT_TRACE,
  tracestate: HINT_TRACE,
  via: HINT_VIA,
}

/**
 * Hints must stay true when a filter brings such a field in. Not HINT_ORIGIN: it
 * says that the client sent an Origin, and that is what CORS asks.
 */
export function hintsOf(fields: readonly Pick<Field, 'name'>[]): number {
  return fields.reduce((hints, { name }) => hints | (hintByName[name.toLowerCase()] ?? 0), 0)
}
