import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeReading, encodeReading } from '../../model/encoded-reading.ts'
import { readText, type Reading } from '../../model/yaml.ts'
import { attempt } from '../../model/scan.ts'

/** Another number whenever what is written, or how YAML is read, is another thing. */
const FORMAT = 'portcullis readings 1'
/** What is smaller is read faster than it is looked up. */
const LEAST_LENGTH = 200
/** What is larger is not worth its memory: 10,000 routes are 5 MB. */
const MOST_BYTES = 64 * 1024 * 1024
/** As long after the start as compiled code: by then it serves. */
const WRITE_MS = 5_000

/**
 * What texts said at the last start, by their contents, in a file that only this user can read: the parser of YAML takes
 * more than half of a start with 10,000 routes. What is read there is validated as the text itself would be, and a text
 * that is another one, another release, or anything that looks odd is read as if nothing had been kept. Secrets are
 * never written (encoded-reading.ts).
 */
export class KeptReadings {
  private readonly file: string
  private readonly header: string
  /** Of the last start, by digest. */
  private kept: ReadonlyMap<string, string>
  /** Of this one, until they are written. */
  private used: Map<string, string> | null
  private hasNew = false

  /** `release` is that of the program. Begins to keep; in `folder`, which is made if it is not there. */
  constructor(folder: string, release: string) {
    this.file = join(folder, 'readings')
    this.header = `${FORMAT} ${release}`
    const usable = isOurs(folder)
    this.kept = usable ? read(this.file, this.header) : new Map()
    this.used = usable ? new Map() : null
    setTimeout(() => this.write(), WRITE_MS).unref()
    // For one that ends before.
    process.once('exit', () => this.write())
  }

  /** As readText. */
  readonly read = (text: string, file: string): Reading => {
    if (this.used === null || text.length < LEAST_LENGTH) return readText(text, file)
    const digest = hash('sha256', `${file.endsWith('.json') ? 'json' : 'yaml'} ${text}`, 'base64')
    const line = this.kept.get(digest)
    const known = line === undefined ? null : decodeReading(line, text, file)
    if (line !== undefined && known !== null) {
      this.used.set(digest, line)
      return known
    }
    const reading = readText(text, file)
    const encoded = encodeReading(reading)
    if (encoded === null) return reading
    this.hasNew = true
    this.used.set(digest, encoded)
    return reading
  }

  /** Once: what changes later is read again at the next start, and needs no memory until then. */
  write(): void {
    const { used, kept, hasNew } = this
    this.used = null
    this.kept = new Map()
    if (used === null || (!hasNew && used.size === kept.size)) return
    const lines = [...used].map(([digest, line]) => `${digest} ${line}`)
    const next = `${this.file}.${process.pid}`
    attempt(() => {
      // In a container each start has the same number: what one left that was ended here would be in the way of all.
      rmSync(next, { force: true })
      writeFileSync(next, [this.header, ...lines, ''].join('\n'), { mode: 0o600, flag: 'wx' })
      renameSync(next, this.file)
    })
  }
}

/** Makes it where it is not there. What others could read or write is not used. */
function isOurs(folder: string): boolean {
  const stats = attempt(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return statSync(folder)
  })
  return !(stats instanceof Error) && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0
}

function read(file: string, header: string): ReadonlyMap<string, string> {
  const text = attempt(() => {
    const { size, uid, mode } = statSync(file)
    const usable = size <= MOST_BYTES && uid === process.getuid?.() && (mode & 0o077) === 0
    return usable ? readFileSync(file, 'utf8') : ''
  })
  if (text instanceof Error || !text.startsWith(`${header}\n`)) return new Map()
  const kept = new Map<string, string>()
  for (let start = header.length + 1, end = 0; (end = text.indexOf('\n', start)) > 0; start = end + 1) {
    const space = text.indexOf(' ', start)
    if (space > start && space < end) kept.set(text.slice(start, space), text.slice(space + 1, end))
  }
  return kept
}
