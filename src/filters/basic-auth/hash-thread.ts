import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'
import { apr1, hashKind, sameText } from './htpasswd.ts'
import { isScryptOf, readScrypt } from './scrypt.ts'

// A thread in which passwords are hashed, one after another: a hash of bcrypt takes 50 ms and more, in which a worker
// would answer nobody.

/** What a thread is asked, and answers with whether it is so. */
export interface HashQuestion {
  readonly id: number
  readonly password: string
  readonly hash: string
}

export interface Reply {
  readonly id: number
  readonly right: boolean
}

/** Below those who serve requests: on Linux, 0 is this thread and not the process. */
const NICE = 10

if (process.platform === 'linux') setPriority(0, NICE)

parentPort?.on('message', ({ id, password, hash }: HashQuestion) => {
  const reply: Reply = { id, right: isRight(password, hash) }
  parentPort?.postMessage(reply)
})

function isRight(password: string, hash: string): boolean {
  const scrypt = readScrypt(hash)
  if (scrypt !== null) return isScryptOf(password, scrypt)
  const kind = hashKind(hash)
  if (kind === 'apr1') return sameText(apr1(password, hash), hash)
  return kind === 'bcrypt' && compareSync(password, hash)
}
