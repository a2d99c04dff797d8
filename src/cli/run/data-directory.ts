import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '../../telemetry/log.ts'
import { socketFile } from '../command/socket-file.ts'
import { lockFile, type DirectoryLock } from './directory-lock.ts'

/** The folder of --data, as long as it is this process's own. */
export class DataDirectory {
  readonly path: string
  private readonly lock: DirectoryLock

  private constructor(path: string, lock: DirectoryLock) {
    this.path = path
    this.lock = lock
  }

  /**
   * One that the user has named must be had: `failed`, and told, where it cannot. The default is done without, which is
   * told once: null.
   */
  static open(path: string, isNamed: boolean, log: Logger): DataDirectory | 'failed' | null {
    const taken = take(path)
    if (typeof taken !== 'string') return new DataDirectory(path, taken)
    if (isNamed) {
      log.error('data.failed', { message: `cannot use the folder ${path} (--data): ${taken}` })
      return 'failed'
    }
    const message = `${taken}: there is no socket for commands, and no history over a restart; choose another by --data DIR`
    log.warn('data.none', { folder: path, message })
    return null
  }

  /** Where commands of our user reach this process: made for it alone, and what a dead one has left there has gone. */
  socket(): string {
    const file = socketFile(this.path)
    const folder = join(file, '..')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid } = lstatSync(folder)
    if (uid !== process.getuid?.() || !lstatSync(folder).isDirectory())
      throw new Error(`${folder} is not a folder of our own user`)
    chmodSync(folder, 0o700)
    // Whoever had it is dead, for the folder is locked.
    if (lstatSync(file, { throwIfNoEntry: false })?.isSocket() === true) rmSync(file)
    return file
  }

  release(): void {
    this.lock.release()
  }
}

/** Or why it cannot be had. */
function take(path: string): DirectoryLock | string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return lockFile(join(path, 'lock')) ?? 'another process has it'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
