import { parseKeyPair } from '../../../translation/pem.ts'
import type { Logger } from '../../../telemetry/log.ts'
import { renewalMs, type CertificateState, type IssuedCertificates } from './issued.ts'
import type { CertificateStore } from './store.ts'

/** A folder of more was made by somebody else. */
const MOST = 10_000

/** The certificates of a store by their ids, before anybody has said which are wanted. */
export async function issuedBefore(store: CertificateStore, log: Logger): Promise<IssuedCertificates> {
  const issued = new Map<string, CertificateState>()
  try {
    for (const document of (await store.list('certificates')).slice(0, MOST)) {
      const text = (await store.read(document)) ?? ''
      const parsed = parseKeyPair(text, text)
      if ('wrong' in parsed) continue
      const id = document.slice('certificates/'.length, -'.pem'.length)
      issued.set(id, { parsed, renewMs: renewalMs(parsed), failure: null, retryMs: 0 })
    }
  } catch (error) {
    log.warn('certificates.unreadable', { message: error instanceof Error ? error.message : String(error) })
  }
  return issued
}
