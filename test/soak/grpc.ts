import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  status,
  type Client,
  type ServiceDefinition,
  type ServiceError,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
} from '@grpc/grpc-js'
import { random, type Target, type Traffic } from './traffic.ts'

const asIs = (bytes: Buffer): Buffer => bytes

function method(name: string, requestStream: boolean, responseStream: boolean): ServiceDefinition[string] {
  return {
    path: `/soak.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
}

const service: ServiceDefinition = {
  once: method('Once', false, false),
  late: method('Late', false, false),
  pour: method('Pour', false, true),
  talk: method('Talk', true, true),
}

const say: handleUnaryCall<Buffer, Buffer> = (call, reply) => reply(null, call.request)

const pour: handleServerStreamingCall<Buffer, Buffer> = call => {
  let left = 100
  const more = (): void => {
    while (left-- > 0 && !call.cancelled) if (!call.write(call.request)) return void call.once('drain', more)
    call.end()
  }
  more()
}

const talk: handleBidiStreamingCall<Buffer, Buffer> = call => {
  call.on('data', (bytes: Buffer) => call.write(bytes))
  call.on('end', () => call.end())
  call.on('error', () => {})
}

/** A server by grpc-js: says what it heard, once, a hundred times, or as it comes; `Late` never. */
export async function startGrpc(): Promise<{ port: number; server: Server }> {
  const server = new Server()
  server.addService(service, { once: say, late: () => {}, pour, talk })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return { port, server }
}

/** gRPC by grpc-js. */
export class GrpcTraffic implements Traffic {
  private readonly client: Client

  readonly kinds = {
    unary: () => this.unary(),
    deadline: () => this.deadline(),
    serverStream: () => this.serverStream(false),
    cancelled: () => this.serverStream(true),
    bidirectional: () => this.bidirectional(),
    unknown: () => this.unknown(),
  }

  constructor({ port, ca }: Target) {
    const Caller = makeGenericClientConstructor(service, 'soak.Echo')
    this.client = new Caller(
      `127.0.0.1:${port}`,
      ca === null ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca)),
      { 'grpc.default_authority': 'grpc.soak.test', 'grpc.ssl_target_name_override': 'grpc.soak.test' },
    )
  }

  close(): void {
    this.client.close()
  }

  private ask(path: string, said: Buffer, deadlineMs = 60_000): Promise<Buffer | ServiceError> {
    const deadline = Date.now() + deadlineMs
    return new Promise(resolve => {
      this.client.makeUnaryRequest(path, asIs, asIs, said, { deadline }, (error, heard) =>
        resolve(error ?? heard!),
      )
    })
  }

  private async unary(): Promise<void> {
    const said = randomBytes(random(50_000))
    const heard = await this.ask('/soak.Echo/Once', said)
    if (!Buffer.isBuffer(heard)) throw heard
    assert.ok(said.equals(heard), 'the echo is something else')
  }

  private async deadline(): Promise<void> {
    const heard = await this.ask('/soak.Echo/Late', Buffer.from('x'), 50 + random(100))
    assert.equal(Buffer.isBuffer(heard) ? 'answered' : heard.code, status.DEADLINE_EXCEEDED)
  }

  private async unknown(): Promise<void> {
    const heard = await this.ask('/soak.Nobody/Once', Buffer.from('x'))
    assert.equal(Buffer.isBuffer(heard) ? 'answered' : heard.code, status.UNIMPLEMENTED)
  }

  private async serverStream(cancelled: boolean): Promise<void> {
    const said = randomBytes(1 + random(20_000))
    const call = this.client.makeServerStreamRequest('/soak.Echo/Pour', asIs, asIs, said)
    const leave = cancelled ? random(100) : -1
    let heard = 0
    try {
      for await (const bytes of call) {
        assert.ok(said.equals(bytes as Buffer), 'the echo is something else')
        if (heard++ === leave) call.cancel()
      }
    } catch (error) {
      if (!cancelled || (error as ServiceError).code !== status.CANCELLED) throw error
      return
    }
    if (!cancelled) assert.equal(heard, 100)
  }

  private async bidirectional(): Promise<void> {
    const call = this.client.makeBidiStreamRequest('/soak.Echo/Talk', asIs, asIs)
    for (let i = random(20); i >= 0; i--) {
      const said = randomBytes(1 + random(20_000))
      call.write(said)
      const [heard] = (await once(call, 'data')) as [Buffer]
      assert.ok(said.equals(heard), 'the echo is something else')
    }
    call.end()
    const [outcome] = (await once(call, 'status')) as [{ code: number }]
    assert.equal(outcome.code, status.OK)
  }
}
