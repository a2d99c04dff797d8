import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A real HTTP server (node:http) on port 0 of 127.0.0.1. */
export class TestUpstream implements AsyncDisposable {
  readonly server: Server
  /** Connections accepted so far. */
  connections = 0

  private constructor(listener: RequestListener) {
    this.server = createServer({ keepAliveTimeout: 0 }, listener)
    this.server.on('connection', () => this.connections++)
  }

  static async start(listener: RequestListener = echo): Promise<TestUpstream> {
    return TestUpstream.startOn('127.0.0.1', listener)
  }

  /** On another address: `0.0.0.0` is all of 127/8 too, so that one server can stand for many. */
  static async startOn(address: string, listener: RequestListener): Promise<TestUpstream> {
    const upstream = new TestUpstream(listener)
    upstream.server.listen(0, address)
    await once(upstream.server, 'listening')
    return upstream
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}

/** What the echo upstream tells of a request. */
export interface Echo {
  readonly method: string
  readonly url: string
  /** Names in the case in which they came, in their order. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly trailers: readonly string[]
}

/** Answers with the request, as JSON. */
export const echo: RequestListener = (request, response) => {
  void readBody(request).then(body => {
    const headers = pairs(request.rawHeaders)
    const { method = '', url = '', rawTrailers: trailers } = request
    const answer: Echo = { method, url, headers, body: body.toString('latin1'), trailers }
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(answer))
  })
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i]!, raw[i + 1]!])
  return list
}

/** YAML of a Gateway on port 80, a Backend for this upstream, and a route of everything to it; `rule` is more YAML of the rule. */
export function simpleYaml(port: number, rule: string = ''): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all }
spec:
  parentRefs: [{ name: gw }]
  rules:
    - backendRefs: [{ group: portcullis.dev, kind: Backend, name: up, port: ${port} }]
${rule}
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec: { endpoints: [{ address: 127.0.0.1, port: ${port} }] }
`
}
