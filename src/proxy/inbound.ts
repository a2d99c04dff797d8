import type { Socket } from 'node:net'
import { plainAddress } from '../http/forwarded.ts'
import type { Linked, Ring } from '../http/ring.ts'
import type { ClientCertificate } from '../filters/filter.ts'
import type { ServedConnection } from './serving-port.ts'
import type { Place, Places } from './places/places.ts'
import type { ProxiedStream } from './proxied-stream.ts'
import type { Remote } from './remote.ts'

/** What there is only so much of, and the field of ClientPolicy (or the process's bound) that says how much. */
export interface Bound {
  readonly places: Places<Inbound>
  /** 0 is no limit. */
  readonly limit: number
}

/** What its end is called in metrics and access log when another client has got its place. */
export type DisplacementRule = 'connection_displaced' | 'tls_overloaded'

/** The port that has accepted it. */
export interface InboundPort {
  displaced(inbound: Inbound, rule: DisplacementRule): void
}

/** A connection from its acceptance to its end, and the places that it holds. */
export class Inbound implements Remote, Linked<Inbound> {
  readonly socket: Socket
  readonly port: InboundPort
  readonly sinceMs: number
  address: string
  peerAddress = ''
  clientPort: number
  certificate: ClientCertificate | null = null
  /** Whose share it takes of. */
  client: string
  /** Since when it is its turn to say what it speaks. */
  silentSinceMs = 0
  /** What it has become, once that is known. */
  served: ServedConnection | null = null
  /** The same where its bytes are not ours to understand. */
  stream: ProxiedStream | null = null
  /** Somebody else has its place: what else is seen of its end is no news. */
  displaced = false
  before: Inbound | null = null
  after: Inbound | null = null
  private stage: Ring<Inbound> | null = null
  private readonly held: Place<Inbound>[] = []
  /** One for the step that it is at, before it is what it is to be. */
  private step: Place<Inbound> | null = null

  constructor(socket: Socket, port: InboundPort, address: string, client: string, nowMs: number) {
    this.socket = socket
    this.port = port
    this.address = address
    this.clientPort = socket.remotePort ?? 0
    this.client = client
    this.sinceMs = nowMs
  }

  get localAddress(): string {
    return plainAddress(this.socket.localAddress ?? '')
  }

  /** Takes a place until its end. The one to be displaced for it, itself where there is nobody else, or null. */
  enter(bound: Bound): Inbound | null {
    const place = bound.places.take(this.client, this)
    this.held.push(place)
    return loser(bound, place)
  }

  /** The same until its next step. */
  begin(bound: Bound): Inbound | null {
    this.step?.leave()
    this.step = bound.places.take(this.client, this)
    return loser(bound, this.step)
  }

  /** It is known what it wants. */
  settle(): void {
    this.step?.leave()
    this.step = null
    for (const place of this.held) place.settle()
  }

  /** Which of its port's connections it is one of now; null for none. */
  isOf(stage: Ring<Inbound> | null): void {
    this.stage?.remove(this)
    this.stage = stage
    stage?.push(this)
  }

  /** These; with one that ends others may leave, and are not met any more. */
  static *each(stage: Ring<Inbound>): Generator<Inbound, undefined> {
    const all = Array.from(stage)
    for (const inbound of all) if (inbound.stage === stage) yield inbound
  }

  /** A balancer has told whose it is. */
  becomes(address: string, port: number, client: string): void {
    this.clientPort = port
    this.peerAddress = this.address
    this.address = address
    this.client = client
    for (const place of this.held) place.move(client)
    this.step?.move(client)
  }

  /** It is over, or as good as that. */
  leave(): void {
    this.step?.leave()
    for (const place of this.held) place.leave()
  }
}

function loser({ places, limit }: Bound, place: Place<Inbound>): Inbound | null {
  return limit === 0 || places.size <= limit ? null : (places.victim(place, yields) ?? place.owner)
}

function yields({ served }: Inbound): boolean {
  return served?.idle ?? false
}
