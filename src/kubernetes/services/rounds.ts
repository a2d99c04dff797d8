import { setTimeout as delay } from 'node:timers/promises'

/** Work that is done once more where something has changed meanwhile, never twice at once. */
export class Rounds {
  private readonly isOn: () => boolean
  private readonly work: () => Promise<void>
  private isDue = false
  private working: Promise<void> | null = null

  /** Nothing is begun while it is not on; who switches it on asks. */
  constructor(isOn: () => boolean, work: () => Promise<void>) {
    this.isOn = isOn
    this.work = work
  }

  /** Resolves when nothing is under way. */
  get ended(): Promise<void> {
    return this.working ?? Promise.resolve()
  }

  ask(): void {
    this.isDue = true
    if (!this.isOn()) return
    this.working ??= this.round().finally(() => {
      this.working = null
      if (this.isDue) this.ask()
    })
  }

  private async round(): Promise<void> {
    // What is changed one after another is looked at together.
    await delay(0)
    this.isDue = false
    await this.work()
  }
}
