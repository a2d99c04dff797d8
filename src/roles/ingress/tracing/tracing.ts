import type { RoleService, ServiceKit, Wants } from '../../../translation/service.ts'
import { NAMED_SPANS, type NamedBatch } from '../../../telemetry/spans/span-writer.ts'
import type { Exports } from './exports.ts'
import { TRACING, type WantedExports } from './wanted.ts'

/** Spans of Gateways that have collectors of their own, as a service of the role: threads tell it of them. */
export class Tracing implements RoleService {
  readonly name = 'tracing'
  private readonly kit: ServiceKit
  private exports: Promise<Exports> | null = null

  constructor(kit: ServiceKit) {
    this.kit = kit
  }

  start(): void {
    this.kit.listen(NAMED_SPANS, batch => void this.hear(batch as NamedBatch))
  }

  /** Workers may tell of spans before it is told here that they have the policy. */
  private async hear(batch: NamedBatch): Promise<void> {
    try {
      const exports = await (this.exports ??= this.make())
      exports.take(batch)
    } catch (error) {
      this.failed('told', error)
    }
  }

  applied(wants: Wants): void {
    const wanted = wants[TRACING] as WantedExports | undefined
    if (this.exports === null && wanted === undefined) return
    this.take(wanted ?? {}).catch((error: unknown) => this.failed('applied', error))
  }

  private async take(wanted: WantedExports): Promise<void> {
    const exports = await (this.exports ??= this.make())
    exports.apply(wanted, this.kit.served())
  }

  private failed(at: string, error: unknown): void {
    this.kit.log.error('service.failed', { service: this.name, at, error })
  }

  stop(): void {}

  /** The last spans are those of requests that the workers have just brought to an end. */
  async ended(): Promise<void> {
    await (await this.exports)?.close()
  }

  /** What makes connections is loaded by nobody who has no such policy. */
  private async make(): Promise<Exports> {
    const { Exports } = await import('./exports.ts')
    return new Exports(this.kit)
  }
}
