import { randomUUID } from 'node:crypto'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cancel, Clock } from '../../../upstream/clock.ts'
import type { Lease } from './store.ts'
import { codeOf, readIfThere, writeWhole } from './whole-file.ts'

/** A holder of which nothing has been heard for so long is dead. */
const LEASE_MS = 20_000
/** How often one that lives says so, as a share of that. */
const BEATS = 4

/** What somebody says who holds a lease, or has held it. */
interface Held {
  readonly generation: number
  readonly text: string
}

/**
 * Leases as files `name.generation`, of which the highest counts. Whoever takes one over makes the next generation,
 * which only one can (O_EXCL); nobody removes what somebody else may be about to hold. Whether a holder lives is not
 * told by times, since clocks differ, but by what its file says changing while one looks.
 */
export class FolderLeases {
  private readonly folder: string
  private readonly clock: Clock
  private readonly leaseMs: number
  /** What was last seen of the leases of others, and since when. */
  private readonly seen = new Map<string, Held & { readonly sinceMs: number }>()

  constructor(folder: string, clock: Clock, leaseMs = LEASE_MS) {
    this.folder = folder
    this.clock = clock
    this.leaseMs = leaseMs
  }

  async take(name: string): Promise<Lease | null> {
    const held = await this.highest(name)
    if (held !== null && !this.isFree(name, held)) return null
    this.seen.delete(name)
    const generation = (held?.generation ?? 0) + 1
    const owner = randomUUID()
    if (!(await this.make(name, generation, beatText(owner, 0)))) return null
    // Somebody who had looked earlier may have come so late that the generation had been taken, and removed, before.
    const now = await this.highest(name)
    if (now !== null && now.generation > generation) {
      await this.removeFile(name, generation)
      return null
    }
    await this.removeBelow(name, generation)
    return new FolderLease(this, name, generation, owner)
  }

  private isFree(name: string, held: Held): boolean {
    if (held.text === RELEASED) return true
    const before = this.seen.get(name)
    if (before?.generation === held.generation && before.text === held.text)
      return this.clock.now() - before.sinceMs >= this.leaseMs
    this.seen.set(name, { ...held, sinceMs: this.clock.now() })
    return false
  }

  private async make(name: string, generation: number, text: string): Promise<boolean> {
    try {
      const handle = await open(this.fileOf(name, generation), 'wx', 0o600)
      try {
        await handle.writeFile(text)
      } finally {
        await handle.close()
      }
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      throw error
    }
  }

  private async generations(name: string): Promise<number[]> {
    const names = await readdir(this.folder)
    return names
      .filter(file => file.startsWith(`${name}.`))
      .map(file => Number(file.slice(name.length + 1)))
      .filter(generation => Number.isSafeInteger(generation) && generation > 0)
  }

  private async highest(name: string): Promise<Held | null> {
    const generation = Math.max(0, ...(await this.generations(name)))
    if (generation === 0) return null
    return { generation, text: (await readIfThere(this.fileOf(name, generation))) ?? '' }
  }

  private async removeBelow(name: string, generation: number): Promise<void> {
    for (const old of await this.generations(name)) if (old < generation) await this.removeFile(name, old)
  }

  private async removeFile(name: string, generation: number): Promise<void> {
    await rm(this.fileOf(name, generation), { force: true })
  }

  private fileOf(name: string, generation: number): string {
    return join(this.folder, `${name}.${generation}`)
  }

  /** For the holder: says that it lives; false where somebody has taken over. */
  async beat(name: string, generation: number, text: string): Promise<boolean> {
    if (Math.max(0, ...(await this.generations(name))) > generation) return false
    await writeWhole(this.fileOf(name, generation), text)
    return true
  }

  after(share: number, run: () => void): Cancel {
    return this.clock.after(this.leaseMs * share, run)
  }

  get lasts(): number {
    return this.leaseMs
  }

  now(): number {
    return this.clock.now()
  }
}

const RELEASED = 'released\n'

function beatText(owner: string, beat: number): string {
  return `${owner} ${beat}\n`
}

class FolderLease implements Lease {
  readonly lost: AbortSignal
  private readonly ended = new AbortController()
  private readonly leases: FolderLeases
  private readonly name: string
  private readonly generation: number
  private readonly owner: string
  private beats = 0
  private saidMs: number
  private cancel: Cancel = () => {}
  private writing: Promise<void> = Promise.resolve()
  private released = false

  constructor(leases: FolderLeases, name: string, generation: number, owner: string) {
    this.leases = leases
    this.name = name
    this.generation = generation
    this.owner = owner
    this.lost = this.ended.signal
    this.saidMs = leases.now()
    this.next()
  }

  async release(): Promise<void> {
    if (this.released) return
    this.released = true
    this.cancel()
    await this.writing
    if (this.lost.aborted) return
    this.ended.abort()
    await this.leases.beat(this.name, this.generation, RELEASED)
  }

  private next(): void {
    if (this.released || this.lost.aborted) return
    this.cancel = this.leases.after(1 / BEATS, () => {
      this.writing = this.beat().finally(() => this.next())
    })
  }

  private async beat(): Promise<void> {
    const { leases, name, generation, owner } = this
    const nowMs = leases.now()
    try {
      if (await leases.beat(name, generation, beatText(owner, ++this.beats))) this.saidMs = nowMs
      else this.ended.abort()
    } catch {
      // A store that is away for a moment is nobody's loss; after this long others may think that we are.
      if (nowMs - this.saidMs >= leases.lasts) this.ended.abort()
    }
  }
}
