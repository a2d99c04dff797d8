import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Of 64 characters, so many are 120 bits: nobody guesses them, and so nobody's guesses need to be held up. */
const LEAST_LENGTH = 20
/** RFC 6750 §2.1. */
const BEARER = /^Bearer +([\w.~+/-]+=*) *$/i

/**
 * The token of the admin listener: the text of a file, read again when that is another one, so that who replaces it has
 * taken the old one away. It is never told nor logged; the name of the file is.
 */
export class AdminToken {
  readonly file: string
  private known: { readonly stamp: string; readonly digest: Buffer | null } = { stamp: '', digest: null }

  constructor(file: string) {
    this.file = file
  }

  /**
   * Makes the file, for its owner alone, where it is not there; `made` says whether. Rejects nothing that it finds:
   * `fault` says what is wrong with it, null where nothing is.
   */
  open(): { readonly made: boolean; readonly fault: string | null } {
    try {
      const made = make(this.file)
      const { mode } = statSync(this.file)
      if (this.digest() === null)
        return {
          made,
          fault: `has no token, expected ${LEAST_LENGTH} characters or more of A-Z a-z 0-9 - . _ ~ + /`,
        }
      const others = (mode & 0o077) === 0 ? null : 'can be read by others, expected mode 0600'
      return { made, fault: others }
    } catch (error) {
      return { made: false, fault: error instanceof Error ? error.message : String(error) }
    }
  }

  /** Whether this value of Authorization has the token. In constant time of what differs. */
  matches(authorization: string): boolean {
    const digest = this.digest()
    const given = BEARER.exec(authorization)?.[1]
    return digest !== null && given !== undefined && timingSafeEqual(digest, digestOf(given))
  }

  private digest(): Buffer | null {
    try {
      const { ino, mtimeMs, size } = statSync(this.file)
      const stamp = `${ino} ${mtimeMs} ${size}`
      if (stamp !== this.known.stamp) this.known = { stamp, digest: read(this.file) }
      return this.known.digest
    } catch {
      return null
    }
  }
}

function read(file: string): Buffer | null {
  const text = readFileSync(file, 'latin1').trim()
  return text.length >= LEAST_LENGTH && BEARER.test(`Bearer ${text}`) ? digestOf(text) : null
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Whole or not at all, and one of several processes that begin together: a link is made only where there is none. */
function make(file: string): boolean {
  if (exists(file)) return false
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft)
  }
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined
}
