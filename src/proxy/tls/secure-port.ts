import type { TLSSocket } from 'node:tls'
import type { Rejection } from '../../http/failures.ts'
import type { SharedStreams } from '../../http/h2/shared-streams.ts'
import type { CoarseClock } from '../clock.ts'
import type { ServingPort } from '../serving-port.ts'
import type { Remote } from '../remote.ts'
import type { PortRuntime, TlsTable } from '../runtime.ts'
import { stillAdmits } from './admission.ts'
import type { ContextSpec } from './server-contexts.ts'

/** What a connection whose handshake is over needs of its port: everything, seen through the listener it was made with. */
export class SecurePort implements ServingPort {
  readonly scheme = 'https'
  private readonly port: ServingPort
  private readonly socket: TLSSocket
  private readonly made: ContextSpec
  /** The listeners that were last asked, and what they said. */
  private judged: TlsTable | null
  private standing: 'wanted' | 'homeless' | 'revoked' = 'wanted'

  constructor(port: ServingPort, socket: TLSSocket, made: ContextSpec) {
    this.port = port
    this.socket = socket
    this.made = made
    this.judged = port.runtime.tls
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

  /** Also where the listener is gone, or would not let this client in any more. */
  get draining(): boolean {
    return this.port.draining || this.standingNow() !== 'wanted'
  }

  get revoked(): boolean {
    return this.standingNow() === 'revoked'
  }

  /** Judged once for each snapshot. */
  private standingNow(): SecurePort['standing'] {
    const { tls } = this.port.runtime
    if (tls === this.judged) return this.standing
    this.judged = tls
    const context = tls?.named(this.made.listener)?.certificates?.first ?? null
    if (context === null) return (this.standing = 'homeless')
    return (this.standing = stillAdmits(this.socket, this.made, context) ? 'wanted' : 'revoked')
  }

  rejected(rejection: Rejection, remote: Remote, grpcStatus?: number): string {
    return this.port.rejected(rejection, remote, grpcStatus)
  }

  faulted(fault: string, remote: Remote): void {
    this.port.faulted(fault, remote)
  }
}
