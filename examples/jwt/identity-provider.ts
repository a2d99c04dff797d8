import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

export interface IdentityProvider {
  readonly issuer: string
  readonly server: Server
  /** Who asks for a token here, with the right to these scopes. */
  readonly client: { readonly id: string; readonly secret: string }
}

/**
 * An OpenID provider for tests, on 127.0.0.1; port 0 lets the system choose. Its key is a new one each time.
 * @param audience whom its tokens are made for
 */
export async function startIdentityProvider(
  wanted: number,
  audience = 'urn:pets',
): Promise<IdentityProvider> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'example', use: 'sig', alg: 'ES256' }
  const server = createServer().listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = { id: 'mobile', secret: 'not-a-secret' }
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    scopes: ['read', 'write'],
    extraTokenClaims: () => ({ groups: ['sales', 'berlin'] }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      // Access tokens are JWTs for one audience (RFC 8707, RFC 9068).
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
  return { issuer, server, client }
}
