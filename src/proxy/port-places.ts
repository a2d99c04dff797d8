import type { ClientSettings } from '../snapshot/client-settings.ts'
import type { Bound, DisplacementRule, Inbound } from './inbound.ts'
import { Places } from './places/places.ts'

type Limits = Pick<ClientSettings, 'connections' | 'openings' | 'handshakes'>

/** The places that a port has for connections: whoever comes when all are taken has one of the client that holds most. */
export class PortPlaces {
  private readonly connections = new Places<Inbound>()
  private readonly openings = new Places<Inbound>()
  private readonly handshakes = new Places<Inbound>()
  private readonly everywhere: Bound

  /** `everywhere` is what all ports of the worker share. */
  constructor(everywhere: Bound) {
    this.everywhere = everywhere
  }

  /** Whether there is a place for this connection, where it is silent at first. */
  admit(inbound: Inbound, { connections, openings }: Limits): boolean {
    return (
      madeRoom(inbound, inbound.enter(this.everywhere), 'connection_displaced') &&
      madeRoom(
        inbound,
        inbound.enter({ places: this.connections, limit: connections }),
        'connection_displaced',
      ) &&
      madeRoom(inbound, inbound.begin({ places: this.openings, limit: openings }), 'connection_displaced')
    )
  }

  /** Whether there is one for its handshake, which is no longer silent and costs a signature. */
  admitHandshake(inbound: Inbound, { handshakes }: Limits): boolean {
    return madeRoom(inbound, inbound.begin({ places: this.handshakes, limit: handshakes }), 'tls_overloaded')
  }
}

function madeRoom(newcomer: Inbound, loser: Inbound | null, rule: DisplacementRule): boolean {
  if (loser === newcomer) return false
  loser?.port.displaced(loser, rule)
  return true
}
