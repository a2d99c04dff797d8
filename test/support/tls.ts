import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { messages, value, type Message } from './messages.ts'

/** An HTTPS listener on port 443 with certificates of these Secrets; `more` is hostname, port, tls. */
export function httpsListener(name: string, secrets: readonly string[], more: object = {}): HttpsListener {
  return {
    name,
    port: 443,
    protocol: 'HTTPS',
    tls: { certificateRefs: secrets.map(one => ({ name: one })) },
    ...more,
  }
}

interface HttpsListener {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly tls: object
}

/** A connection to a port of this machine whose handshake is over; rejects with what ended it otherwise. */
export async function secure(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ALPNProtocols: ['http/1.1'], ...options })
  try {
    await once(socket, 'secureConnect')
  } catch (error) {
    socket.destroy()
    throw error
  }
  return socket
}

export interface SecureAnswer {
  readonly status: number
  readonly body: string
  /** What the handshake agreed upon. */
  readonly protocol: string
  readonly suite: string
  readonly alpn: string
  /** Type of the server's key. */
  readonly keyType: string
  /** Serial number of the server's certificate; "" where the library has forgotten it, as it does after a while. */
  readonly serial: string
  readonly resumed: boolean
  /** The first value, or "". */
  readonly field: (name: string) => string
}

/** One request on a connection that is there; the socket stays open. Rejects where the connection ends first. */
export async function ask(socket: TLSSocket, host: string, lines = '', path = '/'): Promise<SecureAnswer> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`)
  const message = await nextMessage(socket)
  const status = Number(message.start.split(' ')[1])
  return { status, body: message.body, ...agreed(socket), field: name => value(message, name) }
}

function nextMessage(socket: TLSSocket): Promise<Message> {
  return new Promise((resolve, reject) => {
    let text = ''
    const settle = (done: () => void): void => {
      socket.off('data', read).off('error', failed).off('close', closed)
      done()
    }
    const read = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      const [message] = messages(text)
      if (message !== undefined) settle(() => resolve(message))
    }
    const failed = (error: Error): void => settle(() => reject(error))
    const closed = (): void =>
      settle(() => reject(new Error(`the connection ended after ${JSON.stringify(text)}`)))
    socket.on('data', read).on('error', failed).on('close', closed)
  })
}

function agreed(
  socket: TLSSocket,
): Pick<SecureAnswer, 'protocol' | 'suite' | 'alpn' | 'keyType' | 'serial' | 'resumed'> {
  const certificate = socket.getPeerX509Certificate()
  return {
    protocol: socket.getProtocol() ?? '',
    suite: socket.getCipher().name,
    alpn: socket.alpnProtocol || '',
    keyType: certificate?.publicKey.asymmetricKeyType ?? '',
    serial: certificate?.serialNumber ?? '',
    resumed: socket.isSessionReused(),
  }
}

/** One request on a connection of its own. */
export async function askOnce(
  port: number,
  host: string,
  options: ConnectionOptions = {},
  lines = '',
): Promise<SecureAnswer> {
  const socket = await secure(port, { servername: host, ...options })
  try {
    return await ask(socket, host, lines)
  } finally {
    socket.destroy()
  }
}

/** The code of what ends a handshake, or `none` where it succeeds and the connection stays for an answer. */
export async function failureOf(
  port: number,
  host: string,
  options: ConnectionOptions = {},
): Promise<string> {
  try {
    await askOnce(port, host, options)
    return 'none'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'closed'
  }
}

/** What OpenSSL says first. */
export async function clientHello(options: ConnectionOptions): Promise<Buffer> {
  const said = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      this.emit('said', chunk)
      done()
    },
  })
  const waiting = once(said, 'said')
  const client = connect({ socket: said, ...options })
  client.on('error', () => {})
  const [bytes] = (await waiting) as [Buffer]
  client.destroy()
  return bytes
}

/** What a program prints, both streams together, whatever its exit code; its standard input is `input`. */
export function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise(resolve => {
    const child = execFile(command, args, { timeout: 10_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
    child.stdin?.end(input)
  })
}
