import { readFileSync } from 'node:fs'
import { settle, type FileContent, type FileState } from './last-good.ts'
import type { Resource } from './resource.ts'
import { attempt, fingerprint, pathProblem, reason, scan, type FoundFile, type Scan } from './scan.ts'
import { contentOf, resultOf, type LoadResult, type Source } from './source.ts'
import { Watcher } from './watcher.ts'

export interface FileSourceOptions {
  /** Quiet time before files are read again; 50 ms where absent. */
  readonly debounceMs?: number
  /** How often files are looked at where no event came; 2 s where absent. */
  readonly pollMs?: number
  /** Read behind the files, as texts of these names: standard input. */
  readonly texts?: readonly { readonly name: string; readonly text: string }[]
  /** A file that had objects and is empty now is believed after this time; 1 s where absent. */
  readonly emptyMs?: number
}

/** A file that is larger is a mistake: 10,000 routes are about 8 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/**
 * Clocks of file systems tick in steps of milliseconds, and of 2 s on FAT: a file that changed shortly
 * before it was read may change again without a new stamp ("racy git"). Older ones need not be read again.
 */
const RACY_MS = 3000

interface Cached {
  /** "" where an equal stamp would not prove that the text is the same. */
  readonly stamp: string
  readonly text: string
  readonly content: FileContent
}

/**
 * Resources from files and folders. `load` reads them; `watch` follows their changes and calls back with
 * every result that differs from the one before; `reload` (SIGHUP) reads and calls back in any case.
 * Nothing throws for what is wrong with files: that is in `problems`. Objects of a file whose text did
 * not change keep their identity.
 */
export class FileSource implements Source {
  private readonly paths: readonly string[]
  private readonly debounceMs: number
  private readonly pollMs: number
  private readonly emptyMs: number
  private readonly texts: NonNullable<FileSourceOptions['texts']>
  private cache = new Map<string, Cached>()
  private state: readonly FileState[] = []
  private readonly readAt = new WeakMap<Resource, string>()
  private seen = ''
  private last: LoadResult | null = null
  private watcher: Watcher | null = null
  private onChange: ((result: LoadResult) => void) | null = null

  constructor(paths: readonly string[], options: FileSourceOptions = {}) {
    this.paths = [...paths]
    this.debounceMs = options.debounceMs ?? 50
    this.pollMs = options.pollMs ?? 2000
    this.emptyMs = options.emptyMs ?? 1000
    this.texts = options.texts ?? []
  }

  load(): LoadResult {
    const found = scan(this.paths)
    // Before the files are read: a change in between is then seen by the next poll at the latest.
    this.seen = fingerprint(found)
    this.watcher?.follow(found.folders)
    const contents = [
      ...found.files.map(file => this.read(file)),
      ...this.unseen(found),
      ...this.texts.map(({ name, text }) => this.parse(text, name)),
    ]
    const settled = settle(contents, this.state, resource => this.readAt.get(resource) ?? '')
    this.state = settled.files
    this.cache = new Map(found.files.flatMap(({ name }) => entry(this.cache, name)))
    this.last = resultOf(settled, found.problems)
    return this.last
  }

  /** What a file of the last load said, to show a line of it; null where that is not known. */
  textOf(file: string): string | null {
    return this.cache.get(file)?.text ?? this.texts.find(({ name }) => name === file)?.text ?? null
  }

  watch(onChange: (result: LoadResult) => void): void {
    this.watcher?.close()
    this.onChange = onChange
    this.watcher = new Watcher({
      debounceMs: this.debounceMs,
      maxWaitMs: 20 * this.debounceMs,
      pollMs: this.pollMs,
      changed: () => this.update(false),
      poll: () => fingerprint(scan(this.paths)) !== this.seen,
    })
    this.watcher.follow(scan(this.paths).folders)
  }

  /** Reads everything again, and calls back whether or not it differs. */
  reload(): LoadResult {
    this.cache.clear()
    return this.update(true)
  }

  close(): void {
    this.watcher?.close()
    this.watcher = null
    this.onChange = null
  }

  private update(always: boolean): LoadResult {
    const before = this.last
    const now = this.load()
    if (always || before === null || !same(before, now)) this.onChange?.(now)
    return now
  }

  private read(file: FoundFile): FileContent {
    const { name } = file
    const known = this.cache.get(name)
    if (known?.stamp === file.stamp) return known.content
    const stamp = Math.abs(Date.now() - file.changedMs) > RACY_MS ? file.stamp : ''
    if (file.size > MAX_FILE_BYTES)
      return broken(name, `has ${file.size} bytes, expected at most ${MAX_FILE_BYTES}`)
    const bytes = attempt(() => readFileSync(name))
    if (bytes instanceof Error) return broken(name, reason(bytes))
    const text = attempt(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    if (text instanceof Error) return broken(name, 'is not UTF-8, expected text in UTF-8')
    if (text.trim() === '' && this.settling(file))
      return { file: name, validations: [], problems: [], whole: false }
    const content = known?.text === text ? known.content : this.parse(text, name)
    this.cache.set(name, { stamp, text, content })
    return content
  }

  /** Whether an empty file is likely to be one that is just being written (opened with O_TRUNC, not yet filled). */
  private settling({ name, modifiedMs }: FoundFile): boolean {
    const had = this.state.some(s => s.file === name && s.resources.length > 0)
    // A clock that ran backwards must not hold it for ever.
    const age = Math.abs(Date.now() - modifiedMs)
    if (!had || age >= this.emptyMs) return false
    this.watcher?.touch(this.emptyMs - age + 1)
    return true
  }

  private parse(text: string, file: string): FileContent {
    const content = contentOf(file, text)
    const now = new Date().toISOString()
    for (const { resource } of content.validations) if (resource) this.readAt.set(resource, now)
    return content
  }

  /** Files read before from places that cannot be looked into now: all of their objects are kept. */
  private unseen(found: Scan): FileContent[] {
    const names = new Set(found.files.map(f => f.name))
    const hidden = (file: string) => found.unknown.some(path => file === path || file.startsWith(`${path}/`))
    return this.state
      .filter(({ file }) => !names.has(file) && hidden(file))
      .map(({ file }) => ({ file, validations: [], problems: [], whole: false }))
  }
}

function broken(file: string, message: string): FileContent {
  return { file, validations: [], problems: [pathProblem(file, message)], whole: false }
}

function entry(cache: ReadonlyMap<string, Cached>, name: string): [string, Cached][] {
  const cached = cache.get(name)
  return cached ? [[name, cached]] : []
}

function same(a: LoadResult, b: LoadResult): boolean {
  return (
    sameItems(a.resources.list, b.resources.list) &&
    sameItems(a.resources.unenforced, b.resources.unenforced) &&
    JSON.stringify(a.problems) === JSON.stringify(b.problems)
  )
}

function sameItems(list: readonly unknown[], other: readonly unknown[]): boolean {
  return list.length === other.length && list.every((item, i) => item === other[i])
}
