import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

/** A real OpenID provider on a port of its own, whose one client is given tokens for itself (RFC 6749 §4.4). */
export class IdentityProvider implements AsyncDisposable {
  readonly issuer: string
  private readonly server: Server

  private constructor(issuer: string, server: Server) {
    this.issuer = issuer
    this.server = server
  }

  /** `port` 0: any. `kid`: the name of its one key, which is a new one each time. */
  static async start({ port = 0, kid = 'one', audience = 'urn:pets' } = {}): Promise<IdentityProvider> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'ES256' }
    const server = createServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const provider = new Provider(issuer, {
      jwks: { keys: [jwk] },
      clients: [
        {
          client_id: 'shop',
          client_secret: 'hush',
          grant_types: ['client_credentials'],
          response_types: [],
          redirect_uris: [],
        },
      ],
      scopes: ['read', 'write'],
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => audience,
          getResourceServerInfo: () => ({
            scope: 'read write',
            audience,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
    })
    const answer = provider.callback()
    server.on('request', (request, response) => void answer(request, response))
    return new IdentityProvider(issuer, server)
  }

  async token(scope = 'read'): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('shop:hush').toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    })
    const { access_token: token } = (await response.json()) as { access_token?: string }
    if (token === undefined) throw new Error(`no token: ${response.status}`)
    return token
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return
    this.server.close()
    this.server.closeAllConnections()
    await once(this.server, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
