import { randomBytes } from 'node:crypto'
import { hashPassword } from '../credentials/passwords.ts'

/** One that nobody has chosen: 190 bits. */
export async function newPassword(): Promise<{ readonly password: string; readonly hash: string }> {
  const password = randomBytes(24).toString('base64url')
  return { password, hash: await hashPassword(password) }
}
