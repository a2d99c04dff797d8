import type { ClientCertificate } from '../filters/filter.ts'

/** Whom a connection is from. */
export interface Remote {
  /** Of the client; IPv4 as such. */
  readonly address: string
  /** Of the other end of the connection, where a balancer has told of the client; else "". */
  readonly peerAddress: string
  /** Of the client's end; 0 where it is not told. */
  readonly clientPort: number
  /** Of ours: IPv4 as such. */
  readonly localAddress: string
  /** Null as long as none has been verified. */
  readonly certificate: ClientCertificate | null
}
