import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Store } from '../store/store.ts'

/** The setting that has the hash of the token, until somebody has used it. */
export const SETUP_TOKEN = 'setup-token'
/** That one was made, whether or not it has been used: who deletes all users gets none again. */
const MADE = 'setup-token-made'

/**
 * A store that is opened for the first time and has no users gets a token that makes the first one. The answer is for
 * the terminal, once; null where there is nothing to tell, since another process has told it, or somebody has used it.
 */
export async function firstSetupToken(store: Store): Promise<string | null> {
  if ((await store.setting(MADE)) !== null) return null
  const token = `pcs_${randomBytes(24).toString('base64url')}`
  return store.write(async tx => {
    if ((await tx.setting(MADE)) !== null) return null
    await tx.setSetting(MADE, new Date().toISOString())
    const users = await tx.db.selectFrom('users').select('id').limit(1).execute()
    if (users.length > 0) return null
    await tx.setSetting(SETUP_TOKEN, hashOf(token))
    return token
  })
}

/** 192 random bits: what can be guessed is not for a slow hash to prevent. */
export function isSetupToken(token: string, expected: string): boolean {
  const [given, wanted] = [Buffer.from(hashOf(token)), Buffer.from(expected)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
