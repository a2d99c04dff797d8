import { addressRanges, type AddressRanges } from '../http/address-ranges.ts'
import { shareKey } from '../http/share-key.ts'
import type { ClientSettings } from '../snapshot/client-settings.ts'

/** By whom what is full is shared, as a ClientPolicy has it. */
export class ClientShares {
  private readonly trusted: AddressRanges
  private readonly sharing: ClientSettings['sharing']

  constructor({ trustedPeers, sharing }: Pick<ClientSettings, 'trustedPeers' | 'sharing'>) {
    this.trusted = addressRanges(trustedPeers === '' ? [] : trustedPeers.split(','))
    this.sharing = sharing
  }

  /** Whose share a connection from this address takes of; "" where it is a balancer's, which has none. */
  of(address: string): string {
    return this.trusts(address) ? '' : this.ofClient(address)
  }

  /** The same of a request, whoever has brought it. */
  ofClient(address: string): string {
    return this.sharing === 'off' ? 'all' : shareKey(address)
  }

  /** Whether this is a peer of ours, and what it says of others is to be believed. */
  trusts(address: string): boolean {
    return this.trusted.has(address)
  }
}
