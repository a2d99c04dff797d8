import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { KeyPair } from './certificates.ts'

const same = (bytes: Buffer): Buffer => bytes
const methods = ['Get', 'List', 'Check']

/** A server of @grpc/grpc-js with several services of three methods each, which all answer with the server's name. */
export class NamedServer implements AsyncDisposable {
  readonly port: number
  private readonly server: Server

  private constructor(server: Server, port: number) {
    this.server = server
    this.port = port
  }

  /** On port 0 of 127.0.0.1; has the services `shop.Items` and `shop.Carts`. With a certificate it wants TLS. */
  static async start(name: string, own?: KeyPair): Promise<NamedServer> {
    const server = new Server()
    for (const service of ['shop.Items', 'shop.Carts']) server.addService(definition(service), handlers(name))
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentialsOf(own), (error, bound) => {
        if (error === null) resolve(bound)
        else reject(error)
      })
    })
    return new NamedServer(server, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown()
    await Promise.resolve()
  }
}

function credentialsOf(own: KeyPair | undefined): ServerCredentials {
  if (own === undefined) return ServerCredentials.createInsecure()
  const { key, chain } = own
  return ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(key), cert_chain: Buffer.from(chain) },
  ])
}

function definition(service: string): ServiceDefinition {
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
  const call = { requestStream: false, responseStream: false, ...codec }
  return Object.fromEntries(methods.map(method => [method, { path: `/${service}/${method}`, ...call }]))
}

function handlers(name: string): UntypedServiceImplementation {
  const answer = (_call: unknown, done: (error: null, reply: Buffer) => void): void =>
    done(null, Buffer.from(name))
  return Object.fromEntries(methods.map(method => [method, answer]))
}

/** Makes unary calls, by path, to one host. */
export class NamedClient implements Disposable {
  private readonly client: Client

  constructor(port: number, authority = 'a.example') {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.default_authority': authority,
      'grpc.use_local_subchannel_pool': 1,
      // Whoever retries hides what the gateway answered.
      'grpc.enable_retries': 0,
    })
  }

  /** The name of the server that answered, or that of the status. */
  call(path: string, metadata: Readonly<Record<string, string>> = {}): Promise<string> {
    const sent = new Metadata()
    for (const [name, value] of Object.entries(metadata)) sent.set(name, value)
    return new Promise(resolve => {
      const done = (error: ServiceError | null, reply?: Buffer): void =>
        resolve(error === null ? String(reply) : (status[error.code] ?? String(error.code)))
      this.client.makeUnaryRequest(path, same, same, Buffer.alloc(0), sent, done)
    })
  }

  [Symbol.dispose](): void {
    this.client.close()
  }
}
