import { AdminError } from '../../../api/errors.ts'

/** As it goes over the wire. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : timeOf(ms)
}

/** Of a time that somebody has written; `field` for the message. */
export function msOf(text: string, field: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms))
    throw new AdminError(422, `${field} is no time, expected one such as 2027-01-31T12:00:00Z`)
  return ms
}

export function msOrNull(text: string | null | undefined, field: string): number | null {
  return text === null || text === undefined ? null : msOf(text, field)
}
