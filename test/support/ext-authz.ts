import { fileURLToPath } from 'node:url'
import {
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

/** CheckRequest as @grpc/proto-loader reads it; what is left out is empty. */
export interface CheckRequest {
  readonly attributes: {
    readonly source: { readonly address: { readonly socketAddress: { readonly address: string } } }
    readonly request: {
      readonly time: { readonly seconds: string; readonly nanos: number }
      readonly http: HttpRequest
    }
  }
}

export interface HttpRequest {
  readonly id: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly path: string
  readonly host: string
  readonly scheme: string
  readonly query: string
  readonly size: string
  readonly protocol: string
  readonly body: string
  readonly rawBody: Buffer
}

export interface Header {
  readonly header: { readonly key: string; readonly value?: string; readonly rawValue?: Buffer }
  readonly append?: { readonly value: boolean }
  readonly appendAction?: number
}

export interface CheckResponse {
  readonly status?: { readonly code?: number; readonly message?: string }
  readonly deniedResponse?: {
    readonly status?: { readonly code: number }
    readonly headers?: readonly Header[]
    readonly body?: string
  }
  readonly okResponse?: {
    readonly headers?: readonly Header[]
    readonly headersToRemove?: readonly string[]
    readonly responseHeadersToAdd?: readonly Header[]
    readonly queryParametersToSet?: readonly { readonly key: string; readonly value: string }[]
    readonly queryParametersToRemove?: readonly string[]
  }
}

const path = fileURLToPath(new URL('ext-authz.proto', import.meta.url))
const definitions = loadSync(path, { defaults: true, longs: String })
const service = definitions['envoy.service.auth.v3.Authorization'] as unknown as {
  readonly Check: MethodDefinition<CheckRequest, CheckResponse>
}
export const { Check } = service

/** An authorization service of @grpc/grpc-js on port 0 of 127.0.0.1. */
export class ExtAuthzServer implements AsyncDisposable {
  readonly port: number
  private readonly server: Server

  private constructor(server: Server, port: number) {
    this.server = server
    this.port = port
  }

  static async start(
    check: handleUnaryCall<CheckRequest, CheckResponse>,
    secure: ServerCredentials = ServerCredentials.createInsecure(),
  ): Promise<ExtAuthzServer> {
    const server = new Server()
    server.addService(service as unknown as ServiceDefinition, { Check: check })
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', secure, (error, bound) => {
        if (error === null) resolve(bound)
        else reject(error)
      })
    })
    return new ExtAuthzServer(server, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown()
    await Promise.resolve()
  }
}
