import type { Resources } from '../model/resources.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Role } from '../translation/role.ts'
import type { RoleService, ServiceKit, Wants } from '../translation/service.ts'
import type { Source } from '../translation/source.ts'

/** The services of all roles. One that fails is told of, and takes nobody with it. */
export class Services {
  private readonly all: readonly RoleService[]
  private readonly log: Logger
  private stopped = false

  constructor(roles: readonly Role[], kit: ServiceKit) {
    this.log = kit.log
    this.all = roles.flatMap(role => this.of(role, kit))
  }

  /** Of those that have declared objects. */
  get sources(): readonly Source[] {
    return this.all.flatMap(({ source }) => (source === undefined ? [] : [source]))
  }

  async start(): Promise<void> {
    await this.each('start', service => service.start())
  }

  applied(wants: Wants, resources: Resources): void {
    // A change that was under way when the process was told to end must not begin anything in a service that has stopped.
    if (!this.stopped) void this.each('applied', service => service.applied?.(wants, resources))
  }

  /** Behind the first `applied`; waits for none longer than `graceMs`. */
  ready(graceMs: number): Promise<void> {
    return within(
      graceMs,
      this.each('ready', service => service.ready?.()),
    )
  }

  /** Waits for all of them, and for none longer than `graceMs`. */
  stop(graceMs: number): Promise<void> {
    this.stopped = true
    return within(
      graceMs,
      this.each('stop', service => service.stop()),
    )
  }

  /** Behind `stop`, once workers have drained; waits as that does. */
  ended(graceMs: number): Promise<void> {
    return within(
      graceMs,
      this.each('ended', service => service.ended?.()),
    )
  }

  private of(role: Role, kit: ServiceKit): readonly RoleService[] {
    try {
      return role.services?.(kit) ?? []
    } catch (error) {
      this.log.error('service.failed', { role: role.name, at: 'make', error })
      return []
    }
  }

  private async each(at: string, act: (service: RoleService) => void | Promise<void>): Promise<void> {
    await Promise.all(
      this.all.map(async service => {
        try {
          await act(service)
        } catch (error) {
          this.log.error('service.failed', { service: service.name, at, error })
        }
      }),
    )
  }
}

/** Until it is done, and no longer. */
async function within(ms: number, done: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([done, late])
  clearTimeout(timer)
}
