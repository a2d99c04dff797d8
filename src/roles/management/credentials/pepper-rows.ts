import type { ServiceKit } from '../../../translation/service.ts'
import type { Cancel } from '../../../upstream/clock.ts'
import type { Part } from '../part.ts'
import { PEPPERS } from '../rows.ts'
import type { Store } from '../store/store.ts'
import type { Peppers } from './peppers.ts'
import { PeppersFile } from './peppers-file.ts'

/** How often it is looked whether the file is another one. */
const LOOK_MS = 1_000

/**
 * Peppers in workers: what is in the file, from when the store is there, and again when the file is another one. Where
 * they cannot be read, what workers have stays; without any, a key is neither right nor wrong, and answered 503.
 */
export class PepperRows implements Part {
  readonly name = 'peppers'
  private readonly kit: ServiceKit
  private readonly file: PeppersFile
  private isOpen = false
  private cancel: Cancel = () => {}
  /** What was said last: it is looked again and again. */
  private fault = ''

  constructor(kit: ServiceKit) {
    this.kit = kit
    this.file = new PeppersFile(kit.settings.secretsDir)
  }

  opened({ engine }: Store): void {
    this.open(engine === 'sqlite')
  }

  /** Those that are there: none are made for a database that others share. */
  lastKnown(): void {
    this.open(false)
  }

  stop(): void {
    this.cancel()
  }

  private open(mayMake: boolean): void {
    this.isOpen = true
    this.lookLater()
    const { log } = this.kit
    this.guarded(() => {
      const { peppers, made, warning } = this.file.open(mayMake)
      if (made) log.info('peppers.made', { file: this.file.file })
      if (warning !== null) log.warn('peppers.open', { message: warning })
      this.put(peppers)
    })
  }

  applied(): void {
    if (this.isOpen) this.look()
  }

  /** A version that is added is in workers by the time that somebody has said on the next gateway that it be used. */
  private lookLater(): void {
    this.cancel()
    this.cancel = this.kit.calendar.after(LOOK_MS, () => {
      this.look()
      this.lookLater()
    })
  }

  private look(): void {
    this.guarded(() => {
      const peppers = this.file.reread()
      if (peppers !== null) this.put(peppers)
    })
  }

  private put({ values }: Peppers): void {
    const rows = [...values].map(([version, value]) => [String(version), value.toString('base64')] as const)
    this.kit.tables.replace(PEPPERS, new Map(rows))
  }

  /** Everything else of the store goes on without them. */
  private guarded(act: () => void): void {
    try {
      act()
      this.fault = ''
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message !== this.fault) this.kit.log.error('peppers.failed', { message })
      this.fault = message
    }
  }
}
