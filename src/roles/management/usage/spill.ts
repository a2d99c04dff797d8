import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Entry, type EntryId } from './entry.ts'

const SUFFIX = '.json'

/** Entries that are not in the store yet, as files of the data directory, so that a restart has them. */
export class Spill {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Files that an earlier process has left, in no order: who wrote an entry is part of it. */
  async list(): Promise<readonly string[]> {
    const names = await readdir(this.folder).catch(() => [])
    return names.filter(name => name.endsWith(SUFFIX)).map(name => join(this.folder, name))
  }

  /** Throws where it is no entry. */
  async load(file: string): Promise<Entry> {
    return Entry.fromJson(await readFile(file, 'utf8'))
  }

  /** Whole or not at all, whenever the process ends. */
  async save(entry: Entry): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const file = this.fileOf(entry.id)
    const handle = await open(`${file}.new`, 'w', 0o600)
    try {
      await handle.writeFile(entry.toJson())
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(`${file}.new`, file)
  }

  async remove(id: EntryId): Promise<void> {
    await rm(this.fileOf(id), { force: true })
  }

  /** Out of the way, for a person to look at; answers where. */
  async setAside(file: string): Promise<string> {
    await rename(file, `${file}.refused`)
    return `${file}.refused`
  }

  fileOf({ writer, number }: EntryId): string {
    return join(this.folder, `${writer}-${number}${SUFFIX}`)
  }
}
