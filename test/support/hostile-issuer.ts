import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'

/** Issues tokens like any other, and answers who asks for its keys as a test likes. */
export class HostileIssuer implements AsyncDisposable {
  readonly issuer: string
  /** Questions so far. */
  asked = 0
  /** Instead of its keys. */
  misdeed: RequestListener | null = null
  private readonly server: Server
  private readonly key: CryptoKey

  private constructor(server: Server, key: CryptoKey, jwk: JWK) {
    this.server = server
    this.key = key
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => {
      this.asked++
      if (this.misdeed === null) response.end(JSON.stringify({ keys: [jwk] }))
      else this.misdeed(request, response)
    })
  }

  static async start(): Promise<HostileIssuer> {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new HostileIssuer(server, privateKey, { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig' })
  }

  /** A credential of an AuthenticationPolicy. */
  get credential(): object {
    return {
      jwt: {
        issuer: this.issuer,
        jwksUri: `${this.issuer}/jwks`,
        audiences: ['pets'],
        algorithms: ['ES256'],
      },
    }
  }

  token(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const exp = Math.floor(Date.now() / 1000) + 600
    return new SignJWT({ iss: this.issuer, aud: 'pets', sub: 'ada', azp: 'shop', exp, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one', ...header })
      .sign(this.key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}
