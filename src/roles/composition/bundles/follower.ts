import { statSync } from 'node:fs'

/** How often files are looked at: bundles are few files, and this works where the system tells of no changes. */
const LOOK_MS = 250
/** How long one that has changed must stay as it is: an editor writes a file in one go. */
const STILL_MS = 50

/** Tells when one of some files is another one, and has been so for one look: what is being written is not believed. */
export class Follower {
  private readonly onChange: () => void
  private timer: NodeJS.Timeout
  private isClosed = false
  private stamps: ReadonlyMap<string, string> = new Map()
  private changing: string | null = null

  constructor(onChange: () => void) {
    this.onChange = onChange
    this.timer = this.lookIn(LOOK_MS)
  }

  /** From now on these, as `stampsOf` has seen them before they were read. */
  follow(stamps: ReadonlyMap<string, string>): void {
    this.stamps = stamps
    this.changing = null
  }

  close(): void {
    this.isClosed = true
    clearTimeout(this.timer)
  }

  private lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.look()
      if (!this.isClosed) this.timer = this.lookIn(this.changing === null ? LOOK_MS : STILL_MS)
    }, ms).unref()
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
    this.changing = null
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
