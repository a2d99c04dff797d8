import { closeSync, openSync } from 'node:fs'

const BUSY = 5

/** Of one process at a time, until it ends, however it does. */
export interface DirectoryLock {
  release(): void
}

/**
 * Null where another process has it; throws what the system says where the file cannot be made. A lock of SQLite, which
 * is one of the system's (fcntl): it is gone with its process, and holds also between containers that share a folder,
 * where ids of processes say nothing.
 */
export function lockFile(file: string): DirectoryLock | null {
  // Closed before the lock is taken: a process that closes a file gives up all its locks of that.
  closeSync(openSync(file, 'a', 0o600))
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode=OFF; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE')
    return { release: () => database.close() }
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return null
    throw error
  }
}
