import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** What a file of --secrets says; null where it is not there, which it is not either below what is no folder. */
export function readSecretFile(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null
    throw error
  }
}

/** Another text whenever the file is another one; "" where it is not there. */
export function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? '' : `${found.ino} ${found.mtimeMs} ${found.size}`
}

/** Whether others than its owner may read it. */
export function isOpenToOthers(file: string): boolean {
  return ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0
}

/** Whole or not at all, and of several processes that begin together one makes it: false where it was there. */
export function makeSecretFile(file: string, text: string): boolean {
  const draft = writeDraft(file, text)
  try {
    // A link is made only where there is none.
    linkSync(draft, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft)
  }
}

/** Whoever reads it at any moment sees the old text or the new one. */
export function replaceSecretFile(file: string, text: string): void {
  const draft = writeDraft(file, text)
  try {
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

function writeDraft(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  // On disk before it has the name: a file of secrets that is empty after a loss of power makes all keys wrong.
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true })
  return draft
}
