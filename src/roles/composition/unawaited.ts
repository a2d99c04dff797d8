import type { Logger } from '../../telemetry/log.ts'

/** What nobody awaits: what it fails by is told, and ends neither the process nor what serves others. */
export function unawaited(work: Promise<unknown>, log: Logger, composition: string): void {
  work.catch((error: unknown) => log.error('composition.failed', { composition, error }))
}
