import type { RoleName } from '../../model/kind.ts'
import { proposal } from '../../model/nearest.ts'
import { UsageError } from './flag.ts'
import { listOf } from './values.ts'

/** Which roles a process plays. */
export interface RoleSelection {
  /** Null: all that are built, but for those that are switched off. */
  readonly wanted: readonly RoleName[] | null
  /** By name: what they would protect is served without them. */
  readonly off: readonly RoleName[]
}

export const roleNames: readonly RoleName[] = ['ingress', 'management', 'composition', 'mesh']

/** `all`; `ingress,mesh`, a list of those that are wanted; `-management`, all but those with a minus. */
export function roleSelection(text: string): RoleSelection {
  const words = listOf(word => word)(text)
  if (words.length === 0) throw new UsageError(`names no role, expected all, or of ${roleNames.join(', ')}`)
  const off = words.filter(word => word.startsWith('-')).map(word => roleName(word.slice(1)))
  const rest = words.filter(word => !word.startsWith('-') && word !== 'all').map(roleName)
  const both = rest.find(name => off.includes(name))
  if (both !== undefined)
    throw new UsageError(`has ${both} both with a minus and without, expected one of them`)
  return { wanted: rest.length === 0 || words.includes('all') ? null : rest, off }
}

function roleName(word: string): RoleName {
  const name = roleNames.find(known => known === word)
  if (name !== undefined) return name
  const meant = proposal(word, roleNames)
  throw new UsageError(`"${word}" is no role${meant}, expected all, or of ${roleNames.join(', ')}`)
}
