import { systemClock } from '../../../upstream/clock.ts'
import type { RoleService, ServiceKit } from '../../../translation/service.ts'
import type { Checker } from './checker.ts'

/** Health checks as a service of the role: one for the process, whose findings all workers are told. */
export class Health implements RoleService {
  readonly name = 'health'
  private readonly kit: ServiceKit
  private checker: Promise<Checker> | null = null
  private stopped = false

  constructor(kit: ServiceKit) {
    this.kit = kit
  }

  start(): void {}

  applied(): void {
    this.take().catch((error: unknown) =>
      this.kit.log.error('service.failed', { service: this.name, at: 'applied', error }),
    )
  }

  private async take(): Promise<void> {
    const served = this.kit.served()
    if (served === null) return
    if (this.checker === null && served.clusters.every(({ healthChecks }) => healthChecks === undefined))
      return
    const checker = await (this.checker ??= this.make())
    if (!this.stopped) checker.apply(this.kit.served() ?? served)
  }

  async stop(): Promise<void> {
    this.stopped = true
    const checker = await this.checker
    checker?.stop()
  }

  /** What makes connections is loaded by nobody who has no checks. */
  private async make(): Promise<Checker> {
    const { Checker } = await import('./checker.ts')
    const { log, metrics } = this.kit
    return new Checker({
      log,
      clock: systemClock,
      tell: verdicts => this.kit.tellVerdicts(verdicts),
      checked: (cluster, good) =>
        metrics.counter('portcullis_health_checks_total', { cluster, result: good ? 'good' : 'bad' }).add(1),
    })
  }
}
