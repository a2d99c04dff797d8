import { readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { Logger } from '../../telemetry/log.ts'
import { Past, type SavedPast } from './past.ts'

/** Another number whenever what is written is another thing; what another version has written is not read. */
const FORMAT = 2
/** A hundred routes and a hundred clusters are 5 MB. */
const MOST_BYTES = 16 * 1024 * 1024

interface Written {
  readonly format: number
  readonly past: SavedPast
}

/** Where the figures of the last day are kept over a restart. The folder is this process's alone (--data). */
export class PastFile {
  private readonly path: string
  private readonly log: Logger
  private saving: Promise<void> = Promise.resolve()

  constructor(path: string, log: Logger) {
    this.path = path
    this.log = log
  }

  /** Null where nothing was kept, or nothing that can be read: then the history begins anew. */
  load(): SavedPast | null {
    let bytes: Buffer
    try {
      bytes = readFileSync(this.path)
    } catch {
      return null
    }
    try {
      return pastIn(bytes)
    } catch (error) {
      const message = `${this.path} cannot be read: the history of figures begins anew`
      this.log.warn('figures.not_kept', { message, error })
      return null
    }
  }

  /** One after another, and each whole: another file is written, and renamed. */
  save(past: SavedPast): Promise<void> {
    const bytes = serialize({ format: FORMAT, past } satisfies Written)
    this.saving = this.saving.then(() => this.write(bytes))
    return this.saving
  }

  private async write(bytes: Buffer): Promise<void> {
    const next = `${this.path}.next`
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
      await rm(next, { force: true })
      await writeFile(next, bytes, { mode: 0o600, flag: 'wx' })
      await rename(next, this.path)
    } catch (error) {
      this.log.warn('figures.not_kept', { message: `${this.path} cannot be written`, error })
    }
  }
}

function pastIn(bytes: Buffer): SavedPast | null {
  if (bytes.length > MOST_BYTES) throw new RangeError(`${bytes.length} bytes, expected at most ${MOST_BYTES}`)
  const written = deserialize(bytes) as Partial<Written> | null
  if (written?.format !== FORMAT || written.past === undefined) return null
  // What cannot be taken must not be taken by half.
  new Past().restore(written.past)
  return written.past
}
