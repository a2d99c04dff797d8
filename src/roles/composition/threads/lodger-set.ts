import type { LodgerGroup } from '../../../proxy/lodger-group.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import type { ServiceKit } from '../../../translation/service.ts'
import type { LodgerTask } from '../thread/settings.ts'
import { unawaited } from '../unawaited.ts'
import type { BundleSet } from './bundle-set.ts'

export interface LodgerOptions {
  readonly kit: Pick<ServiceKit, 'threads' | 'log'>
  readonly task: LodgerTask
}

/** A composition that is data, which every worker serves in itself. */
export class LodgerSet implements BundleSet {
  readonly trouble = null
  private readonly options: LodgerOptions
  private readonly group: LodgerGroup
  private snapshot: Snapshot

  constructor(options: LodgerOptions, snapshot: Snapshot) {
    this.options = options
    this.snapshot = snapshot
    this.group = options.kit.threads.lodge(options.task)
  }

  get ids(): readonly number[] {
    return [this.group.id]
  }

  async begin(): Promise<void> {
    try {
      await Promise.all([this.group.begun(), this.group.apply(this.snapshot)])
    } catch (error) {
      await this.group.drain(0)
      throw error
    }
  }

  apply(snapshot: Snapshot): void {
    this.snapshot = snapshot
    const { kit, task } = this.options
    unawaited(this.group.apply(snapshot), kit.log, task.composition)
  }

  drain(graceMs: number): Promise<void> {
    return this.group.drain(graceMs)
  }
}
