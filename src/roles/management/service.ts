import type { RoleService, ServiceKit } from '../../translation/service.ts'

/** What the role runs beside the data plane: its store, and what workers know of it. */
export class Management implements RoleService {
  readonly name = 'management'
  private readonly kit: ServiceKit

  constructor(kit: ServiceKit) {
    this.kit = kit
  }

  start(): void {
    this.kit.log.debug('management.start')
  }

  stop(): void {}
}
