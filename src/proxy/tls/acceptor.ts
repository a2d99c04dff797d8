import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { ByName } from '../../http/by-name.ts'
import { canonicalHostname } from '../../http/hostname.ts'
import { readFirst } from '../first-bytes.ts'
import type { Inbound } from '../inbound.ts'
import type { TlsListener, TlsTable } from '../runtime.ts'
import type { CertificateChoice } from './certificate-choice.ts'
import type { TicketKeys } from './ticket-keys.ts'
import { ticketKeyName } from './ticket-keys.ts'
import { alertRecord, DECODE_ERROR, readClientHello, type ClientHello } from './client-hello.ts'
import { stillAdmits } from './admission.ts'
import { isPlainRequest, PLAIN_REQUEST_ANSWER } from './plain-request.ts'
import { acceptValidation, validationPair } from './name-validation.ts'
import { ServerContexts, type ContextSpec } from './server-contexts.ts'

/** Rules that a connection breaks before it says anything: labels of metrics and of the access log. */
export type HandshakeRule =
  | 'tls_client_hello'
  | 'tls_plain_request'
  | 'tls_unrecognized_name'
  | 'tls_listener_refuses'
  | 'tls_handshake_failed'
  | 'tls_handshake_timeout'
  | 'tls_overloaded'

/** What the acceptor needs of its port. */
export interface TlsOwner {
  /** Of the snapshot in force. */
  readonly tls: TlsTable | null
  readonly ticketKeys: TicketKeys
  readonly nowMs: number
  readonly handshakeTimeoutMs: number
  /** Whether one more handshake may be under way: each costs a signature, some a thousand times what a request does. */
  admitsHandshake(inbound: Inbound): boolean
  /** Bytes are to go on as they are, the ClientHello among them. */
  pass(inbound: Inbound, socket: Socket, to: TlsListener, serverName: string): void
  /** A handshake is over, and its server name is one of that listener's. */
  serve(inbound: Inbound, socket: TLSSocket, made: ContextSpec, serverName: string): void
  refused(rule: HandshakeRule, inbound: Inbound, detail: string): void
  /** A certificate that handshakes of its listener end for, although translation has let it pass. */
  unusable(spec: ContextSpec, error: unknown): void
}

interface Handshake {
  readonly inbound: Inbound
  readonly socket: Socket
  readonly key: string
  readonly sinceMs: number
  /** Of its ClientHello, once that is read. */
  serverName: string
}

/**
 * Takes a port's connections up to the end of their TLS handshake: reads the ClientHello, chooses the listener by
 * its server name, and hands socket and bytes to that listener's context. No decision is left to a callback within
 * the TLS library, where a throw would end the worker.
 */
export class TlsAcceptor {
  private readonly owner: TlsOwner
  private readonly contexts: ServerContexts
  /** By the two ends of the connection, which the TLS socket shares with the one below it. */
  private readonly under = new ByName<Handshake>()

  constructor(owner: TlsOwner) {
    this.owner = owner
    this.contexts = new ServerContexts({
      secured: (socket, spec) => guarded(socket, () => this.secured(socket, spec)),
      failed: (socket, error) => guarded(socket, () => this.failed(socket, error)),
      unusable: (spec, error) => owner.unusable(spec, error),
    })
  }

  /** Handshakes under way. */
  get size(): number {
    return this.under.size
  }

  /** `said` is what has been read of it already. */
  accept(inbound: Inbound, said: Buffer | null): void {
    const { socket } = inbound
    const { nowMs } = this.owner
    const handshake = { inbound, socket, key: flowOf(socket), sinceMs: nowMs, serverName: '' }
    socket.on('error', ignore)
    this.under.set(handshake.key, handshake)
    socket.once('close', () => this.closed(handshake))
    this.readHello(handshake, said)
  }

  /** Ends handshakes that take too long, however they spend the time. */
  sweep(): void {
    const { nowMs, handshakeTimeoutMs } = this.owner
    for (const handshake of this.under.values()) {
      // The others are younger.
      if (nowMs - handshake.sinceMs <= handshakeTimeoutMs) return
      this.refuse(handshake, 'tls_handshake_timeout', null)
    }
  }

  /** Another snapshot, or other ticket keys: what neither needs is forgotten. */
  swapped(): void {
    this.contexts.keep(this.owner.tls?.contexts() ?? [], this.owner.ticketKeys)
  }

  /** Ends all handshakes under way. */
  destroy(): void {
    for (const { socket } of this.under.values()) socket.destroy()
  }

  private readHello(handshake: Handshake, said: Buffer | null): void {
    const { socket } = handshake
    readFirst(socket, said, {
      read: readClientHello,
      done: (hello, bytes) => {
        socket.pause()
        if (hello === 'malformed') return this.misunderstood(handshake, bytes)
        socket.unshift(bytes)
        this.choose(handshake, hello)
      },
      ended: length => {
        // A balancer that only looks whether someone is there says nothing, and is nobody to tell of.
        if (length === 0) socket.destroy()
        else this.refuse(handshake, 'tls_client_hello', null)
      },
    })
  }

  /**
   * Where nobody is to answer, the connection just ends, whatever the reason: Gateway API asks for that (its suite takes
   * no alert), and a stranger does not learn which names are declared here. Log and metrics say why.
   */
  private choose(handshake: Handshake, hello: ClientHello): void {
    handshake.serverName = hello.serverName
    const found = this.owner.tls?.find(hello.serverName) ?? null
    const challenges = hello.validates ? found?.listener.challenges : undefined
    if (challenges === undefined) this.take(handshake, hello, found)
    else void this.validate(handshake, hello, challenges)
  }

  /** Shows what proves that the name is ours, where that is wanted now; nothing else of the gateway is met. */
  private async validate(handshake: Handshake, hello: ClientHello, challenges: string): Promise<void> {
    const { socket, inbound, key } = handshake
    const pair = await validationPair(challenges, hello.serverName, inbound.client)
    if (this.under.get(key) !== handshake) return
    if (pair === null) return this.take(handshake, hello, this.owner.tls?.find(hello.serverName) ?? null)
    if (!this.owner.admitsHandshake(inbound)) return this.refuse(handshake, 'tls_overloaded', null)
    socket.allowHalfOpen = false
    guarded(socket, () =>
      acceptValidation(socket, pair, {
        done: () => this.under.delete(key),
        failed: (secured, error) => guarded(secured, () => this.failed(secured, error)),
      }),
    )
  }

  private take(handshake: Handshake, hello: ClientHello, found: TlsListener | null): void {
    if (found === null) this.refuse(handshake, 'tls_unrecognized_name', null)
    else if (found.listener.tls?.mode === 'passthrough') this.pass(handshake, hello, found)
    else if (found.certificates === null) this.refuse(handshake, 'tls_listener_refuses', null)
    else this.shake(handshake, hello, found.certificates)
  }

  private pass(handshake: Handshake, { serverName }: ClientHello, to: TlsListener): void {
    if ((to.streams?.find(serverName) ?? null) === null)
      return this.refuse(handshake, 'tls_unrecognized_name', null)
    this.under.delete(handshake.key)
    this.owner.pass(handshake.inbound, handshake.socket, to, serverName)
  }

  private shake(handshake: Handshake, hello: ClientHello, certificates: CertificateChoice): void {
    const { ticketKeys } = this.owner
    const spec = certificates.choose(hello)
    if (spec === null) return this.refuse(handshake, 'tls_unrecognized_name', null)
    const key = ticketKeys.find(known => ticketKeyName(known) === hello.ticketKey) ?? ticketKeys[0]
    const accept = this.contexts.get(spec, key)
    if (accept === null) return this.refuse(handshake, 'tls_listener_refuses', null)
    if (!this.owner.admitsHandshake(handshake.inbound)) return this.refuse(handshake, 'tls_overloaded', null)
    // Who ends its direction before the handshake is over will never complete it. The TLS library would wait: its
    // socket takes this over from the one below, and without it ends itself at a FIN.
    handshake.socket.allowHalfOpen = false
    guarded(handshake.socket, () => accept(handshake.socket))
  }

  private secured(socket: TLSSocket, made: ContextSpec): void {
    socket.on('error', ignore)
    const handshake = this.under.get(flowOf(socket))
    const agreed = handshake !== undefined && this.agrees(socket, handshake.serverName, made)
    if (!agreed) {
      socket.destroy()
      return
    }
    this.under.delete(handshake.key)
    // A client may end its direction, and still wait for its answer.
    socket.allowHalfOpen = true
    this.owner.serve(handshake.inbound, socket, made, handshake.serverName)
  }

  /**
   * OpenSSL has read the name as well: should the two ever differ, neither is to be believed. It forgets the name of a
   * session of TLS 1.2 that is resumed; there the session itself is proof, for it was begun with the same listener.
   */
  private agrees(socket: TLSSocket, serverName: string, made: ContextSpec): boolean {
    const { servername } = socket
    const theirs = typeof servername === 'string' ? canonicalHostname(servername) : ''
    if (theirs !== serverName && !(theirs === '' && socket.isSessionReused())) return false
    const now = this.owner.tls?.find(serverName)?.certificates?.first ?? null
    // A reload may have come between the hello and the end of the handshake.
    return now !== null && now.listener === made.listener && stillAdmits(socket, made, now)
  }

  private failed(socket: TLSSocket, error: Error): void {
    socket.on('error', ignore)
    const handshake = this.under.get(flowOf(socket))
    // Those that were given up have been told of already.
    if (handshake === undefined) return
    this.under.delete(handshake.key)
    const detail = 'code' in error ? String(error.code) : error.message
    this.owner.refused('tls_handshake_failed', handshake.inbound, detail)
    socket.destroy()
  }

  private closed(handshake: Handshake): void {
    if (this.under.get(handshake.key) !== handshake) return
    this.under.delete(handshake.key)
    const { inbound, socket } = handshake
    if (socket.bytesRead > 0 && !inbound.displaced)
      this.owner.refused('tls_handshake_failed', inbound, 'closed')
  }

  /** No ClientHello: an alert, or to a browser that came by http:// an answer that it can show. */
  private misunderstood(handshake: Handshake, bytes: Buffer): void {
    if (isPlainRequest(bytes)) this.refuse(handshake, 'tls_plain_request', PLAIN_REQUEST_ANSWER)
    else this.refuse(handshake, 'tls_client_hello', alertRecord(DECODE_ERROR))
  }

  /** `lastWords` null: the connection just ends. */
  private refuse(handshake: Handshake, rule: HandshakeRule, lastWords: Buffer | string | null): void {
    const { socket } = handshake
    if (this.under.get(handshake.key) === handshake) this.under.delete(handshake.key)
    this.owner.refused(rule, handshake.inbound, '')
    if (lastWords === null) socket.destroy()
    else socket.end(lastWords, () => socket.destroy())
  }
}

/** What is thrown out of an event of the TLS library would end the worker, and with it everyone's connections. */
function guarded(socket: Socket, work: () => void): void {
  try {
    work()
  } catch {
    socket.destroy()
  }
}

/** Both ends of a connection: no two of one port have the same at one time. */
function flowOf({ remoteAddress = '', remotePort = 0, localAddress = '' }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}

function ignore(): void {}
