import type { Kit } from '../../../filters/kit.ts'

/** On which channel services hear of uses. */
export const USES = 'management uses'

/** Which credentials were used, and when they were last: id, milliseconds since 1970. */
export type UsesMessage = ReadonlyMap<string, number>

const TELL_MS = 5_000
/** How exact a last use is. */
const SAME_MS = 60_000

/** Of all policies in one worker. */
export function usesOf(kit: Kit): Uses {
  return kit.keep('authentication uses', () => new Uses(kit))
}

/** Notes which recorded credentials are used, each once a minute, and tells of them together. */
export class Uses {
  private readonly kit: Pick<Kit, 'clock' | 'tell'>
  /** In the minute that began then. */
  private readonly noted = new Set<string>()
  private beganMs = 0
  private pending = new Map<string, number>()

  constructor(kit: Pick<Kit, 'clock' | 'tell'>) {
    this.kit = kit
  }

  note(credential: string): void {
    const nowMs = this.kit.clock.wallMs()
    if (nowMs - this.beganMs >= SAME_MS) {
      this.noted.clear()
      this.beganMs = nowMs
    }
    if (this.noted.has(credential)) return
    this.noted.add(credential)
    if (this.pending.size === 0) this.kit.clock.after(TELL_MS, () => this.tell())
    this.pending.set(credential, nowMs)
  }

  drain(): void {
    this.tell()
  }

  private tell(): void {
    if (this.pending.size === 0) return
    this.kit.tell(USES, this.pending satisfies UsesMessage)
    this.pending = new Map()
  }
}
