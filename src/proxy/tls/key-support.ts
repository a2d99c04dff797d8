import type { ClientSettings } from '../../snapshot/client-settings.ts'
import type { KeyType } from '../../snapshot/tls.ts'
import type { ClientHello } from './client-hello.ts'

/** What a client must offer to be shown a key of one type: code points of IANA's registries of TLS. */
interface Needs {
  /** One of these signature schemes under TLS 1.3 (RFC 8446 §4.2.3), where the scheme names the curve as well. */
  readonly schemes: readonly number[]
  /** One of these under TLS 1.2 (RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3). */
  readonly olderSchemes: readonly number[]
  /** In the names of the suites of TLS 1.2 that sign with it. */
  readonly signs: 'ECDSA' | 'RSA'
  /** Its curve, which a client of TLS 1.2 has to take (RFC 8422 §5.1), or null. */
  readonly group: number | null
}

const ecdsa = [0x0303, 0x0403, 0x0503, 0x0603]
const rsaPss = [0x0804, 0x0805, 0x0806]
const ofRsaPss = [0x0809, 0x080a, 0x080b]

// oxfmt-ignore
const needs: Readonly<Record<KeyType, Needs>> = {
  'P-256':   { schemes: [0x0403], olderSchemes: ecdsa,    signs: 'ECDSA', group: 23 },
  'P-384':   { schemes: [0x0503], olderSchemes: ecdsa,    signs: 'ECDSA', group: 24 },
  'P-521':   { schemes: [0x0603], olderSchemes: ecdsa,    signs: 'ECDSA', group: 25 },
  ed25519:   { schemes: [0x0807], olderSchemes: [0x0807], signs: 'ECDSA', group: null },
  ed448:     { schemes: [0x0808], olderSchemes: [0x0808], signs: 'ECDSA', group: null },
  rsa:       { schemes: rsaPss,   olderSchemes: [0x0301, 0x0401, 0x0501, 0x0601, ...rsaPss], signs: 'RSA', group: null },
  'rsa-pss': { schemes: ofRsaPss, olderSchemes: ofRsaPss, signs: 'RSA',   group: null },
}

/** The suites of TLS 1.2 that a policy may choose (model/defaults.ts), by OpenSSL name. */
export const suiteCodes: ReadonlyMap<string, number> = new Map([
  ['ECDHE-ECDSA-AES128-GCM-SHA256', 0xc02b],
  ['ECDHE-ECDSA-AES256-GCM-SHA384', 0xc02c],
  ['ECDHE-RSA-AES128-GCM-SHA256', 0xc02f],
  ['ECDHE-RSA-AES256-GCM-SHA384', 0xc030],
  ['ECDHE-RSA-CHACHA20-POLY1305', 0xcca8],
  ['ECDHE-ECDSA-CHACHA20-POLY1305', 0xcca9],
])

const TLS_1_3 = 0x0304

type Bounds = Pick<ClientSettings, 'tlsMinVersion' | 'tlsMaxVersion' | 'tlsCiphers'>

/** Which clients a key of one type is of use to, under the settings of its port; OpenSSL would judge the same. */
export class KeySupport {
  private readonly needs: Needs
  private readonly newest: boolean
  private readonly oldest: boolean
  private readonly suites: readonly number[]

  constructor(type: KeyType, { tlsMinVersion, tlsMaxVersion, tlsCiphers }: Bounds) {
    this.needs = needs[type]
    this.newest = tlsMaxVersion === 'TLSv1.3'
    this.oldest = tlsMinVersion === 'TLSv1.2'
    const wanted = tlsCiphers.split(':').filter(name => name.includes(`-${this.needs.signs}-`))
    this.suites = wanted.flatMap(name => suiteCodes.get(name) ?? [])
  }

  /** Whether there can be such a client at all. */
  get possible(): boolean {
    return this.newest || (this.oldest && this.suites.length > 0)
  }

  takenBy({ versions, signatureSchemes, suites, groups }: ClientHello): boolean {
    const { schemes, olderSchemes, group } = this.needs
    if (this.newest && holds(versions, TLS_1_3)) return holdsOne(signatureSchemes, schemes)
    return (
      holdsOne(signatureSchemes, olderSchemes) &&
      holdsOne(suites, this.suites) &&
      (group === null || groups.length === 0 || holds(groups, group))
    )
  }
}

function holdsOne(list: Buffer, wanted: readonly number[]): boolean {
  return wanted.some(code => holds(list, code))
}

/** Of a list of numbers of two bytes each. */
function holds(list: Buffer, wanted: number): boolean {
  for (let at = 0; at < list.length; at += 2) if (list.readUInt16BE(at) === wanted) return true
  return false
}
