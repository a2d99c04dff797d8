import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { selfSigned } from '../../test/support/certificates.ts'
import type { KeyPair } from '../../test/support/certificates.ts'

/** What all peers show; ECDSA P-256. */
export interface Certificate extends KeyPair {
  readonly chainFile: string
  readonly keyFile: string
  /** Both in one file, as HAProxy wants it. */
  readonly bundleFile: string
}

/** The one cipher suite that all peers take, so that none has the cheaper one; clients could choose by their processor. */
export const cipherSuite = 'TLS_AES_128_GCM_SHA256'

export async function writeCertificate(dir: string): Promise<Certificate> {
  const pair = await selfSigned({ names: ['bench.example'], ips: ['127.0.0.1'] })
  const write = (name: string, text: string) => {
    const file = join(dir, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }
  return {
    ...pair,
    chainFile: write('chain.pem', pair.chain),
    keyFile: write('key.pem', pair.key),
    bundleFile: write('bundle.pem', `${pair.chain}${pair.key}`),
  }
}
