import { UsageError, type Flag } from '../command/flag.ts'
import { adminUrl, data, output, token } from '../command/flags.ts'
import { listOf } from '../command/values.ts'

// Flags of commands about records.

/** Whom they ask, and how they answer. */
export const asking = [output, adminUrl, token, data] as const

export function textFlag(name: string, placeholder: string, help: string): Flag<string> {
  return { name, placeholder, fallback: '', help, parse: text => text }
}

export function switchFlag(name: string, help: string): Flag<boolean> {
  return { name, fallback: '', help, parse: text => text === 'true' }
}

export const organization = textFlag(
  'organization',
  'NAME',
  'The organization in which names are looked for; default where absent.',
)

export const account = textFlag(
  'account',
  'NAME',
  'The account of the application, where that is named by its name alone.',
)

export const title = textFlag('title', 'TEXT', 'What people call it.')

export const reason = textFlag('reason', 'TEXT', 'Why, for people and for the audit.')

export const expires: Flag<string> = {
  name: 'expires',
  placeholder: 'WHEN',
  fallback: '',
  help: 'From when on it counts no more: 90d, 12h, 2027-01-31, or a time by RFC 3339.',
  parse: text => (text === '' ? '' : timeOf(text)),
}

export const limit: Flag<number> = {
  name: 'limit',
  short: 'n',
  placeholder: 'N',
  fallback: '0',
  help: 'So many at most; all of them where absent.',
  parse: text => {
    if (!/^\d{1,7}$/.test(text)) throw new UsageError(`"${text}" is no number, expected one such as 100`)
    return Number(text)
  },
}

export const scopes: Flag<readonly string[]> = {
  name: 'scope',
  placeholder: 'SCOPE,…',
  many: true,
  fallback: '',
  help: 'What it may be used for, as AuthorizationPolicies name it.',
  parse: text => listOf(word => word)(text.replaceAll('\n', ',')),
}

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const

/** `90d`, `12h`, `30m`, `45s`, `2w` in seconds. Throws UsageError. */
export function spanS(text: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  if (digits === undefined || unit === undefined)
    throw new UsageError(`"${text}" is no span of time, expected one like 24h or 7d`)
  return Number(digits) * UNITS[unit as keyof typeof UNITS]
}

/** A time by RFC 3339 of `90d` (from now on), a day (its begin in UTC), or such a time. Throws UsageError. */
export function timeOf(text: string, sign: 1 | -1 = 1): string {
  if (/^\d{1,6}[smhdw]$/.test(text)) return new Date(Date.now() + sign * spanS(text) * 1_000).toISOString()
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i.test(whole)
  if (!isTime || Number.isNaN(Date.parse(whole)))
    throw new UsageError(`"${text}" is no time, expected 90d, 2027-01-31 or 2027-01-31T12:00:00Z`)
  return new Date(whole).toISOString()
}
