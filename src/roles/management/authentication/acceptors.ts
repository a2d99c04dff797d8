import type { Acceptor, AcceptContext } from './acceptor.ts'
import { ApiKeyAcceptor } from './api-key.ts'
import { BasicAcceptor } from './basic.ts'
import { CertificateAcceptor } from './certificate.ts'
import type { Accept } from './config.ts'
import { JwtAcceptor } from './jwt/jwt.ts'

type Make<K extends Accept['kind']> = (
  accept: Extract<Accept, { readonly kind: K }>,
  context: AcceptContext,
) => Acceptor

/** The kinds of credentials: one more is a file and a line here. */
const kinds: { readonly [K in Accept['kind']]?: Make<K> } = {
  'api-key': (accept, context) => new ApiKeyAcceptor(accept, context),
  jwt: (accept, context) => new JwtAcceptor(accept, context),
  certificate: (accept, context) => new CertificateAcceptor(accept, context),
  basic: (accept, context) => new BasicAcceptor(accept, context),
}

/** Throws on a kind that is not known: leaving it out would turn away who has been promised a way in, and nobody would know why. */
export function compileAcceptor<K extends Accept['kind']>(
  accept: Extract<Accept, { readonly kind: K }>,
  context: AcceptContext,
): Acceptor {
  const make: Make<K> | undefined = kinds[accept.kind as K]
  if (make === undefined)
    throw new Error(`no credentials of kind ${JSON.stringify(accept.kind)} are known here`)
  return make(accept, context)
}
