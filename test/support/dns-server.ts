import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

const typeA = 1
const typeAaaa = 28
const nameError = 3

/**
 * A name server for tests on a UDP port of the loopback address: answers A and
 * AAAA from `records`, and NXDOMAIN for other names (RFC 1035 §4).
 */
export class DnsServer {
  readonly records = new Map<string, readonly string[]>()
  /** Names asked for, one per question. */
  readonly asked: string[] = []
  private readonly socket: Socket = createSocket('udp4')

  /** `127.0.0.1:port`, as setServers takes it. */
  async listen(): Promise<string> {
    this.socket.on('message', (query, peer) => this.socket.send(this.answer(query), peer.port, peer.address))
    this.socket.bind(0, '127.0.0.1')
    await once(this.socket, 'listening')
    return `127.0.0.1:${this.socket.address().port}`
  }

  close(): void {
    this.socket.close()
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
