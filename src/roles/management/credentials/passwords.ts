import { randomBytes, scrypt } from 'node:crypto'
import { scryptCost } from '../../../filters/basic-auth/scrypt.ts'

const LOG2 = 15
const BYTES = 32

/** What users without a record have: a password is hashed for them all the same, so that time does not tell who is recorded. */
export const NOBODY = `$scrypt$ln=${LOG2},r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

/**
 * What is recorded of a password: scrypt, 32 MiB and some 70 ms, off this thread. A person may have chosen it, so that a
 * fast hash of it could be searched through.
 */
export function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return new Promise((resolve, reject) => {
    scrypt(password, salt, BYTES, scryptCost(LOG2), (error, hash) => {
      if (error === null) resolve(`$scrypt$ln=${LOG2},r=8,p=1$${bare(salt)}$${bare(hash)}`)
      else reject(error)
    })
  })
}

function bare(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
