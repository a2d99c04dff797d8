import type { Rejection } from '../../http/failures.ts'
import type { SharedStreams } from '../../http/h2/shared-streams.ts'
import type { CoarseClock } from '../clock.ts'
import type { Host } from '../host.ts'
import type { PortRuntime } from '../runtime.ts'
import type { ContextSpec } from './server-contexts.ts'

/** What a connection whose handshake is over needs of its port: everything, seen through the listener it was made with. */
export class SecureHost implements Host {
  readonly scheme = 'https'
  private readonly port: Host
  private readonly made: ContextSpec

  constructor(port: Host, made: ContextSpec) {
    this.port = port
    this.made = made
  }

  /** Of the listener as it is now. Where it is gone, the port's own, which routes nothing. */
  get runtime(): PortRuntime {
    const { runtime } = this.port
    return runtime.tls?.named(this.made.listener)?.runtime ?? runtime
  }

  get clock(): CoarseClock {
    return this.port.clock
  }

  get localPort(): number {
    return this.port.localPort
  }

  get shared(): SharedStreams {
    return this.port.shared
  }

  /** Also where the listener is gone, or asks for other client certificates than this one was asked for. */
  get draining(): boolean {
    const context = this.port.runtime.tls?.named(this.made.listener)?.context ?? null
    return (
      this.port.draining ||
      context === null ||
      context.termination.clients?.key !== this.made.termination.clients?.key
    )
  }

  rejected(rejection: Rejection, remoteAddress: string): string {
    return this.port.rejected(rejection, remoteAddress)
  }

  faulted(fault: string, remoteAddress: string): void {
    this.port.faulted(fault, remoteAddress)
  }
}
