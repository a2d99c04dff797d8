import type { ClientRequestArgs } from 'node:http'
import type { LookupFunction } from 'node:net'
import { isOwn, ProhibitedAddress } from './own-listeners.ts'

// Imports would read all that the modules have, and so load undici: 4 MB.
const { lookup } = process.getBuiltinModule('node:dns')
const { Agent: HttpAgent } = process.getBuiltinModule('node:http')
const { Agent: HttpsAgent } = process.getBuiltinModule('node:https')
const { isIP } = process.getBuiltinModule('node:net')

type Created = NonNullable<Parameters<InstanceType<typeof HttpAgent>['createConnection']>[1]>

/**
 * Of requests that the gateway makes itself, to where somebody has declared it: an issuer of tokens, a directory of
 * certificates. Whoever declares that, or answers by a name, is no operator, and must not ask the admin listener from
 * loopback. Looked at is each address that would be connected to, whatever it was found by.
 */
export class PlainAgent extends HttpAgent {
  override createConnection(options: ClientRequestArgs, created?: Created) {
    const fault = faultOf(options)
    if (fault === null) return super.createConnection({ ...options, lookup: lookingUp(options) }, created)
    created?.(fault, undefined as never)
    return undefined
  }
}

/** The same by TLS. */
export class SecureAgent extends HttpsAgent {
  override createConnection(options: ClientRequestArgs, created?: Created) {
    const fault = faultOf(options)
    if (fault === null) return super.createConnection({ ...options, lookup: lookingUp(options) }, created)
    created?.(fault, undefined as never)
    return undefined
  }
}

const prohibited = (): ProhibitedAddress => new ProhibitedAddress('the admin listener of this gateway')

/** Nobody looks up what is an address already. */
function faultOf({ host, port }: ClientRequestArgs): ProhibitedAddress | null {
  return isIP(host ?? '') !== 0 && isOwn(host ?? '', Number(port)) ? prohibited() : null
}

function lookingUp({ port }: ClientRequestArgs): LookupFunction {
  return (hostname, options, found) =>
    lookup(hostname, options, (error, address, family) => {
      if (error !== null) return found(error, address, family)
      const all: readonly (string | { readonly address: string })[] =
        typeof address === 'string' ? [address] : address
      const isOurs = all.some(one => isOwn(typeof one === 'string' ? one : one.address, Number(port)))
      found(isOurs ? prohibited() : null, address, family)
    })
}
