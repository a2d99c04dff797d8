import { createSecureContext } from 'node:tls'

/**
 * What a ClientPolicy may choose from for the exchange of keys (RFC 8446 §4.2.7), by the names of OpenSSL, with those
 * of IANA where they differ. Left out: what costs more still (ffdhe4096 and beyond), and curves that hardly any client has.
 */
const groupNames: ReadonlyMap<string, string> = new Map([
  ['X25519MLKEM768', 'X25519MLKEM768'],
  ['SecP256r1MLKEM768', 'SecP256r1MLKEM768'],
  ['SecP384r1MLKEM1024', 'SecP384r1MLKEM1024'],
  ['X25519', 'x25519'],
  ['P-256', 'secp256r1'],
  ['P-384', 'secp384r1'],
  ['P-521', 'secp521r1'],
  ['X448', 'x448'],
  ['ffdhe2048', 'ffdhe2048'],
  ['ffdhe3072', 'ffdhe3072'],
])

const byIana = new Map([...groupNames].map(([openssl, iana]) => [iana, openssl]))

/** The name that OpenSSL has for a group; undefined where it is none of ours, or none of this OpenSSL. */
export function tlsGroup(name: string): string | undefined {
  const group = groupNames.has(name) ? name : byIana.get(name)
  return group !== undefined && isOffered(group) ? group : undefined
}

export function offeredGroups(): readonly string[] {
  return [...groupNames.keys()].filter(isOffered)
}

const asked = new Map<string, boolean>()

/** Those with ML-KEM came with OpenSSL 3.5. */
function isOffered(group: string): boolean {
  let offered = asked.get(group)
  if (offered === undefined) asked.set(group, (offered = works(group)))
  return offered
}

function works(group: string): boolean {
  try {
    createSecureContext({ ecdhCurve: group })
    return true
  } catch {
    return false
  }
}
