import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as later } from 'node:timers/promises'
import { Seen } from './until.ts'

/** A Backend of UDP, with an endpoint of this machine for each port. */
export function udpBackend(name: string, ports: readonly number[]): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Backend',
    metadata: { name },
    spec: { protocol: 'udp', endpoints: ports.map(port => ({ address: '127.0.0.1', port })) },
  }
}

/** Answers each datagram with its name, where it comes from, and the text. */
export class Answerer implements AsyncDisposable {
  readonly from = new Seen<RemoteInfo>()
  private readonly socket: Socket

  private constructor(socket: Socket, name: string) {
    this.socket = socket
    socket.on('message', (data, remote) => {
      this.from.push(remote)
      if (data.toString() !== 'say nothing')
        socket.send(`${name} ${data.toString()}`, remote.port, remote.address)
    })
  }

  static async start(name: string): Promise<Answerer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Answerer(socket, name)
  }

  get port(): number {
    return this.socket.address().port
  }

  /** Says something that nobody has asked for. */
  tell(port: number, text: string): void {
    this.socket.send(text, port, '127.0.0.1')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close()
    await once(this.socket, 'close')
  }
}

/** One source of datagrams to a port of this machine, and what came back. */
export class Client implements Disposable {
  readonly seen = new Seen<string>()
  readonly from = new Set<string>()
  private readonly socket: Socket
  private readonly port: number
  private readonly to: string

  private constructor(socket: Socket, port: number, to: string) {
    this.socket = socket
    this.port = port
    this.to = to
    socket.on('message', (data, { address, port: theirs }) => {
      this.from.add(`${address}:${theirs}`)
      this.seen.push(data.toString())
    })
    socket.on('error', () => {})
  }

  static async at(address: string, port: number, to = '127.0.0.1'): Promise<Client> {
    const socket = createSocket('udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    return new Client(socket, port, to)
  }

  /** Resolves when it has left. */
  say(text: string): Promise<void> {
    return new Promise(resolve => this.socket.send(text, this.port, this.to, () => resolve()))
  }

  /** Asks until there is an answer to it: datagrams may be lost. */
  async ask(text: string): Promise<string> {
    for (;;) {
      await this.say(text)
      const answer = await Promise.race([
        this.seen.first(one => one.endsWith(` ${text}`)),
        later(500, null, { ref: false }),
      ])
      if (answer !== null) return answer
    }
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }
}
