import type { ClientSettings } from '../../snapshot/snapshot.ts'
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
    readonly port: { readonly client: Pick<ClientSettings, 'proxyProtocol' | 'proxyProtocolRequired'> }
  }
  /** `said` is what follows the header, null for nothing yet. */
  introduced(inbound: Inbound, header: ProxyHeader, said: Buffer | null): void
  /** There may be none, and is none. */
  began(inbound: Inbound, said: Buffer): void
  faulted(rule: ProxyHeaderRule, inbound: Inbound): void
}

/** Connections of balancers until they have said whose they are. */
export class ProxyHeaderReader {
  private readonly owner: ProxyHeaderOwner
  private readonly waiting = new Set<Inbound>()

  constructor(owner: ProxyHeaderOwner) {
    this.owner = owner
  }

  accept(inbound: Inbound): void {
    const { socket } = inbound
    this.waiting.add(inbound)
    const chunks: Buffer[] = []
    let length = 0
    let wanted = 1
    const read = (chunk: Buffer): void => {
      chunks.push(chunk)
      length += chunk.length
      if (length < wanted) return
      const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks)
      const result = readProxyHeader(bytes)
      if (typeof result === 'number') {
        wanted = result
        chunks.splice(0, chunks.length, bytes)
        return
      }
      socket.off('data', read).off('end', ended).off('error', ignore)
      this.forget(inbound)
      this.judge(inbound, result, bytes)
    }
    const ended = (): void => {
      // A balancer that only looks whether someone is there says nothing, and is nobody to tell of.
      if (length > 0) this.owner.faulted('proxy_header_malformed', inbound)
      socket.destroy()
    }
    socket.on('data', read).once('end', ended).on('error', ignore)
  }

  /** It is gone. */
  forget(inbound: Inbound): void {
    this.waiting.delete(inbound)
  }

  sweep(nowMs: number, timeoutMs: number): void {
    for (const inbound of this.waiting) {
      // A Set keeps the order of insertion: the others are younger.
      if (nowMs - inbound.sinceMs <= timeoutMs) return
      this.forget(inbound)
      this.refuse(inbound, 'proxy_header_timeout')
    }
  }

  /** Nothing was asked yet, so that nothing is lost. */
  destroy(): void {
    for (const { socket } of this.waiting) socket.destroy()
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
      this.owner.introduced(inbound, result, said)
    }
  }

  private refuse(inbound: Inbound, rule: ProxyHeaderRule): void {
    this.owner.faulted(rule, inbound)
    inbound.socket.on('error', ignore).destroy()
  }
}

function ignore(): void {}
