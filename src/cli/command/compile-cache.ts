import { mkdirSync, statSync } from 'node:fs'
import { constants, enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'

/** Node writes by itself when a process ends; one that is killed does not end, and most of what a start needs has run. */
const WRITE_MS = 5_000

/**
 * Keeps V8's code of what is loaded from now on, in this thread and in workers, below `dataDir`, or where the system
 * has caches; a next start needs not compile it. Where nothing can be kept, nothing is, and nobody is told.
 */
export function keepCompiled(dataDir: string): void {
  for (const folder of [join(dataDir, 'compiled'), ...systemFolders()]) {
    if (!isOurs(folder)) continue
    const { status } = enableCompileCache(folder)
    if (status !== constants.compileCacheStatus.ENABLED) continue
    // Workers have what is in the environment.
    process.env['NODE_COMPILE_CACHE'] = folder
    setTimeout(flushCompileCache, WRITE_MS).unref()
    return
  }
}

function systemFolders(): string[] {
  // systemd's CacheDirectory=, the XDG Base Directory Specification, and its default.
  const { CACHE_DIRECTORY, XDG_CACHE_HOME, HOME } = process.env
  if (CACHE_DIRECTORY) return [join(CACHE_DIRECTORY.split(':')[0]!, 'compiled')]
  if (XDG_CACHE_HOME) return [join(XDG_CACHE_HOME, 'portcullis')]
  return HOME ? [join(HOME, '.cache', 'portcullis')] : []
}

/** Makes it where it is not there. What others can write would be run as ours. */
function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    return uid === process.getuid?.() && (mode & 0o022) === 0
  } catch {
    return false
  }
}
