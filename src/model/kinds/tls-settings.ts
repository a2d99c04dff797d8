import type { CelRule } from '../kind.ts'
import { Type } from 'typebox'
import { cipherSuites } from '../defaults.ts'
import { proposal } from '../nearest.ts'
import { tlsGroup, offeredGroups } from './tls-groups.ts'
import { optional, set, text, type Violation } from './shapes.ts'

const LEAST = 'TLS1.2'
const MOST = 'TLS1.3'
const versions = Type.Enum([LEAST, MOST])

/** What a policy may choose of TLS, on either side of the gateway; `withoutCiphers` says which there are by default. */
export const tlsChoices = (
  defaults: { readonly tlsMinVersion: 'TLS1.2'; readonly tlsMaxVersion: 'TLS1.3' },
  withoutCiphers: string,
) => ({
  minVersion: optional(versions, 'The oldest version of TLS that is spoken.', defaults.tlsMinVersion),
  maxVersion: optional(versions, 'The newest version of TLS that is spoken.', defaults.tlsMaxVersion),
  ciphers: optional(
    set(text(128, 1), 64),
    `Cipher suites by the name of IANA or OpenSSL, the preferred first: those with forward secrecy and authenticated encryption. ${withoutCiphers}`,
  ),
})

interface TlsChoices {
  readonly minVersion?: string
  readonly maxVersion?: string
  readonly ciphers?: readonly string[]
}

const suiteNames = new Set([...Object.keys(cipherSuites), ...Object.values(cipherSuites)])

/** What is wrong with `spec.tls.groups`. */
export function groupViolations(groups: readonly string[] = []): Violation[] {
  return groups.flatMap((name, i) =>
    tlsGroup(name) !== undefined
      ? []
      : [
          {
            path: ['spec', 'tls', 'groups', i],
            message: `unknown or costly group ${JSON.stringify(name)}${proposal(name, offeredGroups())}, expected one of ${offeredGroups().join(', ')}`,
          },
        ],
  )
}

/** What is wrong with `spec.tls`; versions left out are the least and the most that there are. */
/** The same for an API server, as far as it can know of it. */
export const tlsCel: readonly CelRule[] = [
  {
    path: 'spec.tls',
    rule: '!has(self.minVersion) || !has(self.maxVersion) || self.minVersion <= self.maxVersion',
    message: 'minVersion is above maxVersion, expected it below or equal',
  },
]

export function tlsViolations({ minVersion, maxVersion, ciphers = [] }: TlsChoices): Violation[] {
  const path = ['spec', 'tls']
  const violations: Violation[] = ciphers.flatMap((name, i) =>
    suiteNames.has(name)
      ? []
      : [
          {
            path: [...path, 'ciphers', i],
            message: `unknown or weak cipher suite ${JSON.stringify(name)}, expected one of ${Object.keys(cipherSuites).join(', ')}`,
          },
        ],
  )
  if ((minVersion ?? LEAST) > (maxVersion ?? MOST))
    violations.push({
      path: [...path, 'minVersion'],
      message: 'is above maxVersion, expected it below or equal',
    })
  return violations
}
