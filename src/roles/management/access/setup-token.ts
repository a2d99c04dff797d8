import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { jsonLine } from '../../../telemetry/log-line.ts'
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

/**
 * What tells of it: a sentence for people, an event for what reads the log. Not by the logger, which takes out what is
 * secret and may be told to be silent: what is said here is said this once.
 */
export function setupTokenLine(token: string, human: boolean, nowMs: number): string {
  const text =
    'The first user of the Admin API, who administers everything, is made by this token, which is shown once'
  if (human) return `${text}:\n\n  portcullis setup NAME --setup-token ${token}\n\n`
  return jsonLine(new Date(nowMs).toISOString(), 'info', 'setup.token_made', { token, text })
}

/** 192 random bits: what can be guessed is not for a slow hash to prevent. */
export function isSetupToken(token: string, expected: string): boolean {
  const [given, wanted] = [Buffer.from(hashOf(token)), Buffer.from(expected)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
