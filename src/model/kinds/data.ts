import { Type } from 'typebox'
import { optional, type Violation } from './shapes.ts'

// What Secrets and ConfigMaps have in common.

// writeOnly keeps what is written out of messages.
export const base64 = Type.String({ format: 'base64', expected: 'base64', writeOnly: true })

export const immutable = optional(
  Type.Boolean(),
  'Whether a cluster refuses changes; not looked at here.',
  false,
)

/** IsConfigMapKey of Kubernetes' validation: such keys become file names. */
export function keyRules(field: string, values: Readonly<Record<string, string>>): Violation[] {
  return Object.keys(values)
    .filter(key => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key.startsWith('..'))
    .map(key => ({
      path: [field, key],
      message: 'is no valid key, expected letters, digits, "-", "_" and ".", at most 253',
    }))
}
