import { networkInterfaces } from 'node:os'
import { addressRanges } from '../http/address-ranges.ts'

/** Where this process listens for operators. */
export interface OwnListener {
  /** As the system tells of it: an IP address, `0.0.0.0` or `::` for every one of the machine. */
  readonly address: string
  readonly port: number
}

/** It would be a connection to the process itself, of whose peer address its admin listener thinks well. */
export class ProhibitedAddress extends Error {}

/**
 * What nobody is to be sent to, whatever a Backend, a Service or a DNS answer says: a stranger's request would come to
 * the admin listener from loopback, where views are open. Of this thread, for it is a property of the process and not
 * of one cluster.
 */
let own: readonly OwnListener[] = []

export function setOwnListeners(listeners: readonly OwnListener[]): void {
  own = listeners
}

/** Whether a connection to this IP address and port would reach one of them. */
export function isOwn(address: string, port: number): boolean {
  return own.some(listener => listener.port === port && reaches(bare(address), bare(listener.address)))
}

/** `fe80::1%eth0`: which link it is on does not make it another's. */
function bare(address: string): string {
  return address.replace(/%.*$/, '')
}

function reaches(address: string, listened: string): boolean {
  const everywhere = UNSPECIFIED.has(listened)
  // To connect to "no address" is to connect to loopback (Linux, BSD).
  if (UNSPECIFIED.has(address)) return everywhere || LOOPBACK.has(listened)
  return everywhere
    ? LOOPBACK.has(address) || ofMachine().has(address)
    : addressRanges([listened]).has(address)
}

const UNSPECIFIED = addressRanges(['0.0.0.0', '::'])
const LOOPBACK = addressRanges(['127.0.0.0/8', '::1'])

/** Read each time: interfaces come and go, and whoever comes so far has named the port. */
function ofMachine(): ReturnType<typeof addressRanges> {
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  return addressRanges(all.map(({ address }) => bare(address)))
}
