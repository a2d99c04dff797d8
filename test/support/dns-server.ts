import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Server, type Socket as Connection } from 'node:net'

const typeA = 1
const typeAaaa = 28
const nameError = 3

/**
 * A name server for tests on a port of the loopback address, by UDP and TCP: answers A and
 * AAAA from `records`, and NXDOMAIN for other names (RFC 1035 §4).
 */
export class DnsServer {
  readonly records = new Map<string, readonly string[]>()
  /** Names asked for, one per question. */
  readonly asked: string[] = []
  private readonly socket: Socket = createSocket('udp4')
  private readonly server: Server = createServer(connection => this.serve(connection))
  private readonly connections = new Set<Connection>()
  private holding: Promise<void> | null = null
  private release: () => void = () => {}

  /** `127.0.0.1:port`, as setServers takes it. */
  async listen(): Promise<string> {
    this.socket.on('message', (query, peer) => this.socket.send(this.answer(query), peer.port, peer.address))
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    const address = this.server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    this.socket.bind(port, '127.0.0.1')
    await once(this.socket, 'listening')
    return `127.0.0.1:${port}`
  }

  close(): void {
    this.socket.close()
    this.server.close()
    for (const connection of this.connections) connection.destroy()
  }

  /** Whoever asks by TCP waits from now on, until what this answers with is called. */
  hold(): () => void {
    this.holding = new Promise(resolve => (this.release = resolve))
    return () => {
      this.holding = null
      this.release()
    }
  }

  /** RFC 1035 §4.2.2: each message has its length before it. */
  private serve(connection: Connection): void {
    this.connections.add(connection)
    connection.on('close', () => this.connections.delete(connection)).on('error', () => {})
    let held = Buffer.alloc(0)
    connection.on('data', chunk => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0)
        void this.reply(connection, held.subarray(2, end))
        held = held.subarray(end)
      }
    })
  }

  private async reply(connection: Connection, query: Buffer): Promise<void> {
    const answer = this.answer(query)
    await this.holding
    const length = Buffer.alloc(2)
    length.writeUInt16BE(answer.length)
    connection.write(Buffer.concat([length, answer]))
  }

  private answer(query: Buffer): Buffer {
    const { name, end } = readName(query, 12)
    const type = query.readUInt16BE(end)
    const question = query.subarray(12, end + 4)
    this.asked.push(name)
    const known = this.records.get(name)
    const found = (known ?? []).filter(ip => type === (isIPv6(ip) ? typeAaaa : typeA))
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    // Response, recursion desired and available.
    head.writeUInt16BE(0x8180 | (known === undefined ? nameError : 0), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(found.length, 6)
    return Buffer.concat([head, question, ...found.map(ip => record(type, ip))])
  }
}

function record(type: number, ip: string): Buffer {
  const data = addressBytes(ip)
  // A pointer to the name in the question, type, class IN, TTL 0, length.
  return Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length, ...data])
}

function addressBytes(ip: string): number[] {
  if (!isIPv6(ip)) return ip.split('.').map(Number)
  const [head = '', tail = ''] = ip.split('::')
  const left = head.split(':').filter(group => group !== '')
  const right = tail.split(':').filter(group => group !== '')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.flatMap(group => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}

function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}
