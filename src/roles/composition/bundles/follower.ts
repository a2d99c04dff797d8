import { statSync } from 'node:fs'

/** How often files are looked at: bundles are few files, and this works where the system tells of no changes. */
const LOOK_MS = 500

/** Tells when one of some files is another one, and has been so for one look: what is being written is not believed. */
export class Follower {
  private readonly onChange: () => void
  private readonly timer: NodeJS.Timeout
  private stamps: ReadonlyMap<string, string> = new Map()
  private changing: string | null = null

  constructor(onChange: () => void) {
    this.onChange = onChange
    this.timer = setInterval(() => this.look(), LOOK_MS).unref()
  }

  /** From now on these, as `stampsOf` has seen them before they were read. */
  follow(stamps: ReadonlyMap<string, string>): void {
    this.stamps = stamps
    this.changing = null
  }

  close(): void {
    clearInterval(this.timer)
  }

  private look(): void {
    const now = stampsOf(this.stamps.keys())
    if (now.entries().every(([file, stamp]) => this.stamps.get(file) === stamp)) {
      this.changing = null
      return
    }
    const text = JSON.stringify([...now])
    const isStill = text === this.changing
    this.changing = text
    if (!isStill) return
    this.stamps = now
    this.onChange()
  }
}

/** Another text whenever a file is another one; "" where it is not there, and why where it cannot be looked at. */
export function stampsOf(files: Iterable<string>): ReadonlyMap<string, string> {
  return new Map([...files].map(file => [file, stampOf(file)]))
}

function stampOf(file: string): string {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    return found === undefined ? '' : `${found.ino} ${found.mtimeMs} ${found.size}`
  } catch (error) {
    // No rights, a loop of links, a share that is gone (ESTALE): nobody catches what a timer throws.
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
