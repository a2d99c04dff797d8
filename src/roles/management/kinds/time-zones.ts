import { nearest } from '../../../model/nearest.ts'
import { pattern } from '../../../model/kinds/shapes.ts'

/** A name of the IANA database. `timeZoneFault` says whether there is one of it. */
export const timeZone = pattern(
  '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$',
  'a time zone of the IANA database like "Europe/Berlin"',
  64,
)

/** What is wrong with it, or null. */
export function timeZoneFault(name: string): string | null {
  try {
    // The one judge of names that every Node has, aliases ("Asia/Calcutta") included.
    new Intl.DateTimeFormat('en', { timeZone: name })
    return null
  } catch {
    const meant = nearest(name, Intl.supportedValuesOf('timeZone'))
    const advice = meant === undefined ? ', expected one like "Europe/Berlin"' : ` (did you mean "${meant}"?)`
    return `${JSON.stringify(name)} is no time zone of the IANA database${advice}`
  }
}
