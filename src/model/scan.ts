import { readdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Problem } from './resource.ts'

/** One file to read. `name` is as the user wrote it, or made from that; `stamp` changes when the file does. */
export interface FoundFile {
  readonly name: string
  readonly stamp: string
  /** Another one than before: it was put in the place of the file as a whole. */
  readonly inode: string
  /** The inode of its folder. */
  readonly folder: string
  readonly size: number
  /** Of its inode: every write moves it, and nothing sets it back. */
  readonly changedMs: number
}

/** Folders to watch; null where every name in them matters, otherwise the names that do. */
export type Folders = ReadonlyMap<string, ReadonlySet<string> | null>

export interface Scan {
  /** In the order of reading: paths as given, inside of folders by name. */
  readonly files: readonly FoundFile[]
  /** Folders whose changes can change the scan, whether or not they hold files of ours. */
  readonly folders: Folders
  readonly problems: readonly Problem[]
  /** Names of paths, files or folders, that could not be looked into: what was read from there before still counts. */
  readonly unknown: readonly string[]
}

/** Against circles of symbolic links that realpath does not show (bind mounts). */
const MAX_DEPTH = 32

/**
 * Finds the files under these paths: a named file whatever it is called, and in folders, at any depth,
 * *.yaml, *.yml and *.json. Hidden names are passed over, and with them ConfigMap's `..data` and what
 * editors leave behind (.x.swp, .#x); `x.yaml~`, `#x.yaml#` and the like do not end in a suffix of ours.
 */
export function scan(paths: readonly string[]): Scan {
  const scanner = new Scanner()
  for (const path of paths) scanner.named(path)
  return {
    files: scanner.files,
    folders: scanner.folders,
    problems: scanner.problems,
    unknown: scanner.unknown,
  }
}

/** Whether two scans saw the same. */
export function fingerprint({ files, folders, unknown }: Scan): string {
  return JSON.stringify([files.map(f => [f.name, f.stamp]), [...folders.keys()], unknown])
}

class Scanner {
  readonly files: FoundFile[] = []
  readonly folders = new Map<string, Set<string> | null>()
  readonly problems: Problem[] = []
  readonly unknown: string[] = []
  private readonly inodes = new Map<string, string>()
  /** Real paths: a file that is reached by two ways is read once. */
  private readonly seen = new Set<string>()

  named(path: string): void {
    const stats = attempt(() => statSync(path))
    // A folder's own comings and goings concern its name only (its parent may be a busy /tmp), but a file can
    // change by what is beside it: ConfigMap's `..data`.
    if (!(stats instanceof Error) && stats.isDirectory())
      this.watch(dirname(resolve(path)), basename(resolve(path)))
    else this.watch(nearestFolder(path), null)
    if (stats instanceof Error) {
      if (codeOf(stats) !== 'ENOENT') this.unknown.push(path)
      this.problems.push(pathProblem(path, reason(stats)))
    } else if (stats.isDirectory()) this.folder(path, 0)
    else if (stats.isFile()) this.file(path, stats, null)
    else this.problems.push(pathProblem(path, 'is neither a file nor a folder'))
  }

  private folder(path: string, depth: number): void {
    const real = attempt(() => realpathSync(path))
    if (real instanceof Error) return this.unreadable(path, real)
    if (this.seen.has(real) || depth > MAX_DEPTH) return
    this.seen.add(real)
    this.watch(path, null)
    const entries = attempt(() => readdirSync(path, { withFileTypes: true }))
    if (entries instanceof Error) return this.unreadable(path, entries)
    const shown = entries.filter(({ name }) => !name.startsWith('.'))
    for (const one of shown.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
      // What is no link is where it seems to be: to ask costs as much as all the rest.
      this.entry(join(path, one.name), depth, one.isFile() ? join(real, one.name) : null)
  }

  private entry(path: string, depth: number, real: string | null): void {
    const stats = attempt(() => statSync(path))
    const ours = /\.(ya?ml|json)$/i.test(path)
    if (stats instanceof Error) {
      // Gone since the folder was read, or a link that leads nowhere: of no interest unless it looks like ours.
      if (ours) this.unreadable(path, stats)
    } else if (stats.isDirectory()) this.folder(path, depth + 1)
    else if (stats.isFile() && ours) this.file(path, stats, real)
  }

  private file(path: string, stats: Stats, known: string | null): void {
    const real = known ?? attempt(() => realpathSync(path))
    if (real instanceof Error) return this.unreadable(path, real)
    if (this.seen.has(real)) return
    this.seen.add(real)
    // Where a link leads, so that a write in place there is seen.
    this.watch(dirname(real), basename(real))
    const stamp = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`
    const inode = `${stats.dev}:${stats.ino}`
    const folder = this.inodeOf(dirname(path))
    this.files.push({ name: path, stamp, inode, folder, size: stats.size, changedMs: stats.ctimeMs })
  }

  private inodeOf(folder: string): string {
    let inode = this.inodes.get(folder)
    if (inode === undefined) this.inodes.set(folder, (inode = inodeOf(folder)))
    return inode
  }

  private watch(name: string, only: string | null): void {
    const folder = resolve(name)
    const names = this.folders.get(folder)
    if (only === null) this.folders.set(folder, null)
    else if (names === undefined) this.folders.set(folder, new Set([only]))
    else names?.add(only)
  }

  private unreadable(path: string, error: Error): void {
    this.unknown.push(path)
    this.problems.push(pathProblem(path, reason(error)))
  }
}

/** The folder to watch for a path that may not be there yet. */
function nearestFolder(path: string): string {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    const stats = attempt(() => statSync(folder))
    if ((!(stats instanceof Error) && stats.isDirectory()) || folder === dirname(folder)) return folder
  }
}

/** The result, or the error of the file system. */
export function attempt<T>(act: () => T): T | Error {
  try {
    return act()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** "" where there is nothing of this name. */
export function inodeOf(path: string): string {
  const stats = attempt(() => statSync(path, { bigint: true }))
  return stats instanceof Error ? '' : `${stats.dev}:${stats.ino}`
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : ''
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist, expected a file or a folder',
  EACCES: 'cannot be read, expected permission to read it',
  EPERM: 'cannot be read, expected permission to read it',
  ELOOP: 'is a symbolic link that leads back to itself, expected a file or a folder',
  ENOTDIR: 'leads through something that is no folder, expected a file or a folder',
}

export function reason(error: Error): string {
  return reasons[codeOf(error)] ?? `cannot be read (${codeOf(error) || 'unknown error'})`
}

/** A problem of a whole file or folder. */
export function pathProblem(path: string, message: string): Problem {
  return { severity: 'error', position: null, resource: null, path: [], message: `${path}: ${message}` }
}
