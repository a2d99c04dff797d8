import { kinds, roles } from '../../src/cli/roles.ts'
import type { Seen } from '../../src/admin/seen.ts'
import { FileSource } from '../../src/control/files/file-source.ts'
import type { InForce } from '../../src/control/controller.ts'
import { seenIn } from './seen.ts'
import { translateAll, type TranslateOptions } from '../../src/translation/role.ts'

/** A text as it would be in force, with all ports listened on. */
export function inForceOf(text: string, options: TranslateOptions = {}, file = 'shop.yaml'): InForce {
  const { resources, problems, held } = new FileSource([], kinds, { texts: [{ name: file, text }] }).load()
  const translation = translateAll(roles, resources, options)
  const { parts, conditions, expiresMs, wants, gateways } = translation
  const ports = parts.ports.map(({ key }) => key)
  return {
    status: {
      version: 1,
      problems: [...problems, ...translation.problems],
      conditions,
      ports,
      portErrors: [],
    },
    snapshot: { ...parts, version: 1 },
    resources,
    translated: conditions,
    held,
    expiresMs,
    wants,
    gateways,
    appliedMs: 2_000,
  }
}

/** What the API sees of a process in which that is so. */
export function seenOf(inForce: InForce, given: Partial<Seen> = {}): Seen {
  return seenIn({ inForce: () => inForce, ...given })
}
