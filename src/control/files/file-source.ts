import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { hasChanged, type TextFolder } from '../../model/attached.ts'
import { isEmptied, isHalfWritten, type Written } from './half-written.ts'
import { settle, unreadable, type FileContent, type FileState } from '../../model/last-good.ts'
import type { Kinds } from '../../model/kinds.ts'
import type { Metadata } from '../../model/resource.ts'
import {
  attempt,
  fingerprint,
  inodeOf,
  pathProblem,
  reason,
  scan,
  type FoundFile,
  type Scan,
} from '../../model/scan.ts'
import { readText, type Reading } from '../../model/yaml.ts'
import { contentOf, resultOf, type LoadResult } from '../../model/loaded.ts'
import type { Source } from '../../translation/source.ts'
import { Waits } from './waits.ts'
import { Watcher } from './watcher.ts'

export interface FileSourceOptions {
  /** Quiet time after which files are read again, where the first change was not all; 50 ms where absent. */
  readonly debounceMs?: number
  /** How often files are looked at where no event came; 2 s where absent. */
  readonly pollMs?: number
  /** Read behind the files, as texts of these names that never change: standard input, or what a command has made. */
  readonly texts?: readonly { readonly name: string; readonly text: string }[]
  /**
   * What may be half of a file that is being written in place, and a folder that is gone, is believed when it has
   * stayed so for this time; 1 s where absent.
   */
  readonly settleMs?: number
  /** Reads a text, as readText of the model does, which it is where absent. */
  readonly reading?: (text: string, file: string) => Reading
  /** Milliseconds, of a clock that never goes back; the process's where absent. */
  readonly now?: () => number
}

/** A file that is larger is a mistake: 10,000 routes are about 8 MB. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024

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
  readonly inode: string
  readonly folder: string
}

interface Draft extends Written {
  /** Of the file that was read; "" where it is to be read again. */
  readonly stamp: string
}

/**
 * Resources from files and folders. `load` reads them; `watch` follows their changes and calls back with
 * every result that differs from the one before; `reload` (SIGHUP) reads and calls back in any case.
 * Nothing throws for what is wrong with files: that is in `problems`. Objects of a file whose text did
 * not change keep their identity.
 */
export class FileSource implements Source {
  readonly name = 'files'
  private readonly paths: readonly string[]
  private readonly kinds: Kinds
  private readonly debounceMs: number
  private readonly pollMs: number
  private readonly waits: Waits
  private readonly texts: NonNullable<FileSourceOptions['texts']>
  private readonly reading: NonNullable<FileSourceOptions['reading']>
  private cache = new Map<string, Cached>()
  /** What was read and is not believed yet. */
  private readonly drafts = new Map<string, Draft>()
  private state: readonly FileState[] = []
  /** By what an object keeps where it moves within its file. */
  private readonly readAt = new WeakMap<Metadata, string>()
  private seen = ''
  private last: LoadResult | null = null
  private watcher: Watcher | null = null
  private onChange: ((result: LoadResult) => void) | null = null

  constructor(paths: readonly string[], kinds: Kinds, options: FileSourceOptions = {}) {
    this.paths = [...paths]
    this.kinds = kinds
    this.debounceMs = options.debounceMs ?? 50
    this.pollMs = options.pollMs ?? 2000
    this.waits = new Waits(options.settleMs ?? 1000, options.now ?? (() => performance.now()))
    this.texts = options.texts ?? []
    this.reading = options.reading ?? readText
  }

  load(): LoadResult {
    return this.take(scan(this.paths))
  }

  private take(found: Scan): LoadResult {
    this.watcher?.follow(found.folders)
    this.waits.begin()
    const unseen = this.unseen(found)
    const contents = [
      ...found.files.map(file => this.read(file)),
      ...unseen,
      ...this.texts.map(({ name, text }) => this.parse(text, name, null, null)),
    ]
    const settled = settle(
      unseen.length === 0 ? contents : inOrder(contents, this.state),
      this.state,
      ({ metadata }) => this.readAt.get(metadata) ?? '',
    )
    this.state = settled.files
    const names = [...found.files.map(({ name }) => name), ...unseen.map(({ file }) => file)]
    this.cache = new Map(names.flatMap(name => entry(this.cache, name)))
    // As they were before they were read: a change in between is then seen by the next poll at the latest.
    this.seen = this.fingerprint(found)
    this.watcher?.lookAgain(this.waits.nextMs)
    this.last = resultOf(settled, found.problems, this.last?.resources)
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
      changed: () => void this.update(scan(this.paths), false),
      began: () => this.began(),
      poll: () => this.hasChanged() || this.fingerprint(scan(this.paths)) !== this.seen,
    })
    this.watcher.follow(scan(this.paths).folders)
  }

  /** Reads everything again, and calls back whether or not it differs. */
  reload(): LoadResult {
    for (const [name, cached] of this.cache) this.cache.set(name, { ...cached, stamp: '' })
    this.drafts.clear()
    return this.update(scan(this.paths), true)
  }

  close(): void {
    this.watcher?.close()
    this.watcher = null
    this.onChange = null
  }

  /** Takes a change at once, unless it may be half of one: then the rest is waited for. */
  private began(): boolean {
    const found = scan(this.paths)
    const isChange = this.hasChanged() || this.fingerprint(found) !== this.seen
    if (isChange && !this.isDoubtful(found)) this.update(found, false)
    // A clock that has not moved on between two changes may hide the second.
    else this.watcher?.touch()
    for (const [name, draft] of this.drafts) this.drafts.set(name, { ...draft, stamp: '' })
    return isChange
  }

  /** Whether something is new, or gone, or lacks what it had: another file may be about to come in its place, or more of it. */
  private isDoubtful({ files }: Scan): boolean {
    const names = new Set(files.map(({ name }) => name))
    return this.cache.keys().some(name => !names.has(name)) || files.some(file => this.isHalf(file))
  }

  private isHalf(file: FoundFile): boolean {
    const { name, stamp } = file
    const known = this.cache.get(name)
    if (known === undefined || known.content.attached.some(hasChanged)) return true
    if (known.stamp === stamp) return false
    const text = textOf(file)
    if (text instanceof Broken) return true
    const content = text === known.text ? known.content : this.parse(text, name, this.folderOf(name), known)
    this.drafts.set(name, { stamp, text, content })
    const state = this.state.find(one => one.file === name)
    if (content === known.content || state === undefined) return false
    return isEmptied(content, state) || isHalfWritten({ text, content }, known, state)
  }

  private update(found: Scan, always: boolean): LoadResult {
    const before = this.last
    const now = this.take(found)
    if (always || before === null || !same(before, now)) this.onChange?.(now)
    return now
  }

  private read(file: FoundFile): FileContent {
    const { name, inode, folder } = file
    const known = this.cache.get(name)
    const draft = this.drafts.get(name)
    this.drafts.delete(name)
    const renewed = known?.content.attached.some(hasChanged) === true
    if (known?.stamp === file.stamp && !renewed) return known.content
    const text = draft?.stamp === file.stamp ? draft.text : textOf(file)
    const content = text instanceof Broken ? text.content : this.contentOf(text, name, renewed, draft)
    const written = { text: text instanceof Broken ? text.message : text, content }
    // Of a pair of files that are renewed, one comes first.
    if (known !== undefined && (renewed || this.mayGrow(file, written, known))) {
      if (this.waits.for(name, written.text + stampsOf(content))) {
        if (!(text instanceof Broken)) this.drafts.set(name, { stamp: '', text, content })
        return { ...known.content, waiting: true }
      }
    } else this.waits.done(name)
    if (text instanceof Broken) return content
    const stamp = Math.abs(Date.now() - file.changedMs) > RACY_MS ? file.stamp : ''
    this.cache.set(name, { stamp, text, content, inode, folder })
    return content
  }

  private contentOf(text: string, name: string, renewed: boolean, draft: Draft | undefined): FileContent {
    const known = this.cache.get(name)
    if (!renewed && known?.text === text) return known.content
    if (!renewed && draft?.text === text) return draft.content
    return this.parse(text, name, this.folderOf(name), known ?? null)
  }

  /** Whether more of it is likely to come; a file that was put in the place of another one is whole. */
  private mayGrow({ name, inode }: FoundFile, now: Written, known: Cached): boolean {
    if (now.content === known.content) return false
    const state = this.state.find(({ file }) => file === name)
    if (state === undefined) return false
    return isEmptied(now.content, state) || (inode === known.inode && isHalfWritten(now, known, state))
  }

  private parse(text: string, file: string, folder: TextFolder | null, known: Cached | null): FileContent {
    const before = known === null ? null : { text: known.text, parts: known.content.parts }
    const content = contentOf(file, text, this.kinds, folder, before, this.reading)
    const now = new Date().toISOString()
    for (const { resource } of content.validations)
      if (resource !== null && !this.readAt.has(resource.metadata)) this.readAt.set(resource.metadata, now)
    return content
  }

  private hasChanged(): boolean {
    return [...this.cache.values()].some(({ content }) => content.attached.some(hasChanged))
  }

  private folderOf(file: string): TextFolder {
    const folder = dirname(file)
    const root = this.paths.find(path => file.startsWith(path.endsWith('/') ? path : `${path}/`))
    return { path: folder, root: root ?? folder }
  }

  /** Of everything that is read. */
  private fingerprint(found: Scan): string {
    return fingerprint(found) + [...this.cache.values()].map(({ content }) => stampsOf(content)).join('')
  }

  /**
   * Files that were read before and are not found: from places that cannot be looked into all objects are kept, and
   * from folders that are gone, or are others than before, until they have been so for a while.
   */
  private unseen(found: Scan): FileContent[] {
    const names = new Set(found.files.map(f => f.name))
    const hidden = (file: string) => found.unknown.some(path => file === path || file.startsWith(`${path}/`))
    return this.state
      .filter(({ file }) => !names.has(file))
      .flatMap(({ file }): FileContent[] => {
        if (hidden(file)) return [unreadable(file, [])]
        const known = this.cache.get(file)
        const moved =
          known !== undefined && (this.paths.includes(file) || inodeOf(dirname(file)) !== known.folder)
        return moved && this.waits.for(file, 'gone') ? [{ ...known.content, waiting: true as const }] : []
      })
  }
}

function stampsOf({ attached }: FileContent): string {
  return attached.map(({ path, stamp }) => `${path} ${stamp}`).join()
}

/** Files that were there before keep their places: the order of reading decides among equals. */
function inOrder(contents: readonly FileContent[], state: readonly FileState[]): FileContent[] {
  const places = new Map(state.map(({ file }, i) => [file, i]))
  const placeOf = ({ file }: FileContent): number => places.get(file) ?? state.length
  return contents.toSorted((a, b) => placeOf(a) - placeOf(b))
}

/** Why a file has no text. */
class Broken {
  readonly message: string
  readonly content: FileContent

  constructor(file: string, message: string) {
    this.message = message
    this.content = unreadable(file, [pathProblem(file, message)])
  }
}

function textOf({ name, size }: FoundFile): string | Broken {
  if (size > MAX_FILE_BYTES) return new Broken(name, `has ${size} bytes, expected at most ${MAX_FILE_BYTES}`)
  const bytes = attempt(() => readFileSync(name))
  if (bytes instanceof Error) return new Broken(name, reason(bytes))
  const text = attempt(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  return text instanceof Error ? new Broken(name, 'is not UTF-8, expected text in UTF-8') : text
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
