import type { Credential } from '../../../src/api/shapes/credential.ts'

/** The part of it that is no secret. */
export function shownAs({ prefix, keyId }: Credential): string {
  return prefix === '' ? keyId : `${prefix}…`
}
