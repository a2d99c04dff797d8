import type { RemoteInfo, Socket } from 'node:dgram'
import { setTimeout as later } from 'node:timers/promises'
import { plainAddress } from '../../http/forwarded.ts'
import type { CoarseClock } from '../clock.ts'
import type { PortRuntime } from '../runtime.ts'
import { LEAVE_MS, type EnginePort } from '../serving-port.ts'
import { bindEach, bound } from './bind.ts'
import { localAddresses } from './local-addresses.ts'
import { sendOrLose } from './send-or-lose.ts'
import { UdpSession } from './session.ts'
import type { SessionBook } from './session-book.ts'

/** How often the machine is asked which addresses it has. */
const ADDRESSES_MS = 5_000

/** What ports of UDP share in a worker. */
export interface UdpContext {
  readonly clock: CoarseClock
  readonly sessions: SessionBook
}

/** One address that is listened on, and the sessions of those who send there, by address and port. */
interface Local {
  readonly socket: Socket
  readonly sessions: Map<string, UdpSession>
}

/** One port of UDP of this worker. It outlives reloads, and so do its sessions; its runtime is swapped. */
export class UdpPort implements EnginePort {
  readonly key: string
  readonly bufferedBytes = 0
  localPort: number
  private runtime: PortRuntime
  private readonly context: UdpContext
  private readonly locals = new Map<string, Local>()
  private reusePort = false
  private lookedMs: number
  private looking = false
  private readonly ending = new AbortController()

  constructor(runtime: PortRuntime, context: UdpContext) {
    this.key = runtime.port.key
    this.runtime = runtime
    this.localPort = runtime.port.port
    this.context = context
    this.lookedMs = context.clock.nowMs
  }

  /** Rejects where an address is somebody else's, or there is none. With `reusePort` the system gives all datagrams of one client to one worker. */
  async listen(reusePort: boolean): Promise<void> {
    this.reusePort = reusePort
    try {
      await bindEach(this.runtime.port.address, address => this.bind(address))
    } catch (error) {
      // Those that are bound would be held from whoever asks for them next.
      this.destroy()
      throw error
    }
  }

  swap(runtime: PortRuntime): void {
    this.runtime = runtime
  }

  observe(observer: PortRuntime['observer']): void {
    this.runtime = { ...this.runtime, observer }
  }

  keysRotated(): void {}

  sweep(nowMs: number): void {
    for (const { sessions } of this.locals.values()) for (const one of sessions.values()) one.sweep(nowMs)
    if (nowMs - this.lookedMs > ADDRESSES_MS && !this.looking && !this.ending.signal.aborted)
      void this.lookAgain(nowMs)
  }

  /** Another worker has what comes from now on, or nobody; answers that are under way still have a moment. */
  async drain(): Promise<void> {
    const { signal } = this.ending
    if (this.size > 0) await later(LEAVE_MS, null, { signal }).catch(() => {})
    this.destroy()
  }

  destroy(): void {
    this.ending.abort()
    for (const address of this.locals.keys()) this.leave(address)
  }

  private get size(): number {
    let size = 0
    for (const { sessions } of this.locals.values()) size += sessions.size
    return size
  }

  private async bind(address: string): Promise<void> {
    const { target } = this.runtime.port
    const socket = await bound(address, target ?? this.localPort, this.reusePort)
    const local = { socket, sessions: new Map<string, UdpSession>() }
    if (target === undefined) this.localPort = socket.address().port
    socket.on('message', (data, from) => this.receive(local, data, from))
    // Of one datagram that could not be sent, as to a source that nobody can be reached at.
    socket.on('error', () => {})
    this.locals.set(address, local)
    if (this.ending.signal.aborted) this.leave(address)
  }

  private leave(address: string): void {
    const local = this.locals.get(address)
    if (local === undefined) return
    this.locals.delete(address)
    for (const session of local.sessions.values()) session.end(null)
    local.socket.close()
  }

  /** Addresses of the machine come and go. */
  private async lookAgain(nowMs: number): Promise<void> {
    this.lookedMs = nowMs
    this.looking = true
    try {
      const wanted = new Set(localAddresses(this.runtime.port.address))
      for (const address of this.locals.keys()) if (!wanted.has(address)) this.leave(address)
      for (const address of wanted) if (!this.locals.has(address)) await this.bind(address).catch(() => {})
    } catch {
      // To ask takes a file, and there may be none left (EMFILE): those that are there stay.
    } finally {
      this.looking = false
    }
  }

  private receive(local: Local, data: Buffer, from: RemoteInfo): void {
    // Its sender wants no answer (RFC 768), and there is no port for one to be sent to.
    if (from.port === 0) return void this.lost('udp_no_source_port')
    const key = `${from.address} ${from.port}`
    const session = local.sessions.get(key) ?? this.begin(local, key, from)
    session?.take(data)
  }

  private begin(local: Local, key: string, from: RemoteInfo): UdpSession | null {
    const { stream, observer, shares, port } = this.runtime
    const address = plainAddress(from.address)
    const client = shares.of(address)
    // Nothing is answered, and nothing is written down: who sends this may be anybody, and a million.
    if (stream === null) return this.lost('udp_no_route')
    const { clock, sessions: book } = this.context
    if (!book.mayBegin(client, clock.nowMs)) return this.lost('udp_sessions_begun')
    const remote = {
      address,
      peerAddress: '',
      clientPort: from.port,
      localAddress: '',
      certificate: null,
      client,
    }
    const facts = { listener: port.listeners[0]!.name, serverName: '', localPort: this.localPort, remote }
    const reply = (data: Buffer): void => sendOrLose(local.socket, data, from)
    const session = new UdpSession(stream, facts, clock, reply, finished => {
      if (local.sessions.get(key) === session) local.sessions.delete(key)
      observer.streamed(finished)
    })
    session.place = book.take(client, session)
    if (session.place === null) return this.lost('udp_sessions_taken')
    local.sessions.set(key, session)
    observer.streaming(stream)
    session.begin()
    return session
  }

  private lost(rule: string): null {
    this.runtime.observer.dropped(rule)
    return null
  }
}
