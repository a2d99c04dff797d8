import { Ring } from '../../http/ring.ts'
import type { ClientSettings } from '../../snapshot/client-settings.ts'
import type { ClientShares } from '../client-shares.ts'
import { readFirst } from '../first-bytes.ts'
import type { Inbound } from '../inbound.ts'
import { readProxyHeader, type ProxyHeader } from './header.ts'

/** Why a connection is ended at its PROXY header: labels of metrics and of the access log. */
export type ProxyHeaderRule =
  | 'proxy_header_missing'
  | 'proxy_header_malformed'
  | 'proxy_header_version'
  | 'proxy_header_timeout'
  | 'proxy_header_untrusted'

/** What is asked of a port. */
export interface ProxyHeaderOwner {
  /** Of the snapshot in force. */
  readonly runtime: {
    readonly port: {
      readonly client: Pick<ClientSettings, 'proxyProtocol' | 'proxyProtocolRequired' | 'trustedPeers'>
    }
    readonly shares: ClientShares
  }
  /** Whose the connection is, is known; `said` is what its client has said already, null for nothing. */
  began(inbound: Inbound, said: Buffer | null): void
  faulted(rule: ProxyHeaderRule, inbound: Inbound): void
}

/** Has balancers tell first whose their connections are. */
export class ProxyHeaders {
  private readonly owner: ProxyHeaderOwner
  private readonly waiting = new Ring<Inbound>()

  constructor(owner: ProxyHeaderOwner) {
    this.owner = owner
  }

  accept(inbound: Inbound): void {
    const { port, shares } = this.owner.runtime
    const { proxyProtocol, proxyProtocolRequired, trustedPeers } = port.client
    if (proxyProtocol === '') return this.owner.began(inbound, null)
    // Where a header may be left out, nobody may choose to write one but those who are trusted.
    const everyone = trustedPeers === '' && proxyProtocolRequired
    if (everyone || shares.trusts(inbound.address)) this.read(inbound)
    else if (proxyProtocolRequired) this.refuse(inbound, 'proxy_header_untrusted')
    else this.owner.began(inbound, null)
  }

  sweep(nowMs: number, timeoutMs: number): void {
    for (const inbound of this.waiting) {
      // The others are younger.
      if (nowMs - inbound.sinceMs <= timeoutMs) return
      inbound.isOf(null)
      this.refuse(inbound, 'proxy_header_timeout')
    }
  }

  /** Nothing was asked yet, so that nothing is lost. */
  destroy(): void {
    for (const { socket } of this.waiting) socket.destroy()
  }

  private read(inbound: Inbound): void {
    const { socket } = inbound
    inbound.isOf(this.waiting)
    socket.on('error', ignore)
    readFirst(socket, null, {
      read: readProxyHeader,
      done: (header, bytes) => {
        socket.off('error', ignore)
        inbound.isOf(null)
        this.judge(inbound, header, bytes)
      },
      ended: length => {
        // A balancer that only looks whether someone is there says nothing, and is nobody to tell of.
        if (length > 0) this.owner.faulted('proxy_header_malformed', inbound)
        socket.destroy()
      },
    })
  }

  private judge(inbound: Inbound, result: ProxyHeader | 'absent' | 'malformed', bytes: Buffer): void {
    const { proxyProtocol, proxyProtocolRequired } = this.owner.runtime.port.client
    if (result === 'malformed') this.refuse(inbound, 'proxy_header_malformed')
    else if (result === 'absent') {
      if (proxyProtocolRequired) this.refuse(inbound, 'proxy_header_missing')
      else this.owner.began(inbound, bytes)
    } else if (!proxyProtocol.includes(result.version)) this.refuse(inbound, 'proxy_header_version')
    else {
      const said = bytes.length === result.bytes ? null : bytes.subarray(result.bytes)
      if (result.address !== '')
        inbound.becomes(result.address, result.port, this.owner.runtime.shares.of(result.address))
      this.owner.began(inbound, said)
    }
  }

  private refuse(inbound: Inbound, rule: ProxyHeaderRule): void {
    this.owner.faulted(rule, inbound)
    inbound.socket.on('error', ignore).destroy()
  }
}

function ignore(): void {}
