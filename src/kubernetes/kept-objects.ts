import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Resource } from '../model/resource.ts'
import { qualifiedKind } from '../model/resources.ts'
import type { Validation } from '../model/validate.ts'
import type { Logger } from '../telemetry/log.ts'
import { systemClock, type Cancel, type Clock } from '../upstream/clock.ts'
import { declared, type ObjectStore } from './object-store.ts'

/** Another one whenever what is written is another thing. */
const FORMAT = 'portcullis kubernetes 1'
/** After a change it stays quiet for as long: what is written is for a restart without an API server. */
const WRITE_MS = 5_000
/** Objects that are made text in one go. */
const PIECE = 200

/** Also of what is not in force: it is what closes what it would protect. */
function keptOf({ resource, unenforced }: Validation): readonly Resource[] {
  if (resource !== null) return [resource]
  return unenforced === undefined ? [] : [unenforced.resource]
}

export interface KeptOptions {
  /** Made where it is not there; private keys are in it, and nobody else may look. */
  readonly folder: string
  /** Of which cluster, which kinds and which namespaces: what was kept of others is not taken. */
  readonly scope: string
  readonly log: Logger
  readonly clock?: Clock
  readonly writeMs?: number
}

/**
 * What a cluster had last, in a file for each kind, so that a gateway that is started while there is no API server
 * serves what it served. `complete` says that all of them are there, of one time: half of what was known is not served, since what
 * protects it may be in the other half.
 */
export class KeptObjects {
  private readonly options: KeptOptions
  private readonly dirty = new Set<ObjectStore>()
  private stores: readonly ObjectStore[] = []
  private forget: Cancel | null = null
  private writing: Promise<void> = Promise.resolve()
  private fails = false
  private isClosed = false

  constructor(options: KeptOptions) {
    this.options = options
  }

  /** Whether all of it was there, and is in the stores now. */
  async read(stores: readonly ObjectStore[]): Promise<boolean> {
    try {
      const { folder, scope } = this.options
      const { uid, mode } = await stat(folder)
      if (uid !== process.getuid?.() || (mode & 0o077) !== 0) return false
      if ((await readFile(this.file('complete'), 'utf8')) !== `${FORMAT}\n${scope}\n`) return false
      const lists = await Promise.all(stores.map(store => this.readLines(store)))
      for (const [i, store] of stores.entries()) for (const object of lists[i]!) store.put(object)
      return true
    } catch {
      return false
    }
  }

  /** From now on what these have is kept; all of it, the first time. */
  begin(stores: readonly ObjectStore[]): void {
    this.stores = stores
    for (const store of stores) this.dirty.add(store)
    this.later()
  }

  changed(store: ObjectStore): void {
    if (this.stores.length === 0) return
    this.dirty.add(store)
    this.later()
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.forget?.()
    if (this.isClosed) return
    this.isClosed = true
    await this.write()
  }

  private later(): void {
    const { clock = systemClock, writeMs = WRITE_MS } = this.options
    if (this.isClosed) return
    this.forget ??= clock.after(writeMs, () => {
      this.forget = null
      void this.write()
    })
  }

  private write(): Promise<void> {
    this.writing = this.writing
      .then(() => this.writeDirty())
      .then(() => void (this.fails = false))
      .catch((error: unknown) => {
        this.later()
        if (this.fails) return
        this.fails = true
        const message = `what is known of the cluster cannot be kept for a restart without an API server: ${String(error)}`
        this.options.log.warn('kubernetes.not_kept', { message })
      })
    return this.writing
  }

  private async writeDirty(): Promise<void> {
    const { folder, scope } = this.options
    const stores = [...this.dirty]
    this.dirty.clear()
    if (stores.length === 0) return
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // What ends between two kinds leaves new ones of the one beside old ones of the other.
      await rm(this.file('complete'), { force: true })
      for (const store of stores) await this.writeLines(store)
      await writeFile(this.file('complete'), `${FORMAT}\n${scope}\n`, { mode: 0o600 })
    } catch (error) {
      for (const store of stores) this.dirty.add(store)
      throw error
    }
  }

  private async writeLines(store: ObjectStore): Promise<void> {
    const file = this.fileOf(store)
    const next = `${file}.next`
    await rm(next, { force: true })
    const handle = await open(next, 'wx', 0o600)
    try {
      const resources = store.validations.flatMap(keptOf)
      for (let i = 0; i < resources.length; i += PIECE) {
        const piece = resources.slice(i, i + PIECE).map(one => `${JSON.stringify(declared(one))}\n`)
        await handle.write(piece.join(''))
      }
      await handle.write(`${resources.length}\n`)
    } finally {
      await handle.close()
    }
    await rename(next, file)
  }

  /** Rejects where the last line does not say how many there are before it. */
  private async readLines(store: ObjectStore): Promise<readonly unknown[]> {
    const objects: unknown[] = []
    let count = -1
    const lines = createInterface({ input: createReadStream(this.fileOf(store)), crlfDelay: Infinity })
    for await (const line of lines)
      if (line.startsWith('{')) objects.push(JSON.parse(line))
      else count = Number(line)
    if (count !== objects.length) throw new Error('it ends too early')
    return objects
  }

  private file(name: string): string {
    return join(this.options.folder, name)
  }

  private fileOf({ kind }: ObjectStore): string {
    return this.file(qualifiedKind(kind))
  }
}
