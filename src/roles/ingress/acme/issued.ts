import { createHash } from 'node:crypto'
import { parseKeyPair, type Parsed } from '../../../translation/pem.ts'
import type { Obtained } from './order.ts'
import type { CertificateStore, DocumentName } from './store.ts'
import type { LastFailure } from './work.ts'

/** What the service knows of one certificate that is wanted. */
export interface CertificateState {
  /** Null where there is none, or none that is for these names. */
  readonly parsed: Parsed | null
  /** When it is renewed; 0 where there is none. Milliseconds since 1970, as the next. */
  readonly renewMs: number
  /** Why the last attempt came to nothing; null where it did not. */
  readonly failure: LastFailure | null
  /** When it is tried again after that. */
  readonly retryMs: number
}

/** By the id of what is wanted. */
export type IssuedCertificates = ReadonlyMap<string, CertificateState>

export const NOTHING_YET: CertificateState = { parsed: null, renewMs: 0, failure: null, retryMs: 0 }

/** So many thirds of its life a certificate serves before there is to be another. */
const RENEWED_AFTER = 2 / 3
/** Those of many names, issued at once, are not all renewed at once: earlier by up to this share of their life. */
const SPREAD = 0.02

/** The same in every replica, so that none renews what another has just renewed. */
export function renewalMs({ certificate, validity }: Parsed): number {
  const { fromMs, untilMs } = validity[0] ?? { fromMs: 0, untilMs: 0 }
  const share = createHash('sha256').update(certificate.fingerprint).digest().readUInt16BE() / 65_536
  return Math.round(fromMs + (untilMs - fromMs) * (RENEWED_AFTER - SPREAD * share))
}

function documentOf(id: string): DocumentName {
  return `certificates/${id}.pem`
}

/** Null where there is none; a certificate for other names, or that cannot be read, is none. */
export async function readCertificate(
  store: CertificateStore,
  id: string,
  names: readonly string[],
): Promise<Parsed | null> {
  const text = await store.read(documentOf(id))
  if (text === null) return null
  const read = checked(text, text, names)
  return 'wrong' in read ? null : read
}

/** In one file, so that a certificate is never beside the key of another. */
export async function writeCertificate(
  store: CertificateStore,
  id: string,
  obtained: Obtained,
): Promise<void> {
  await store.write(documentOf(id), `${obtained.chain.trim()}\n${obtained.key.trim()}\n`)
}

/** A certificate as a listener would take it, and for all of these names; or what is wrong with it. */
export function checked(
  chain: string,
  key: string,
  names: readonly string[],
): Parsed | { readonly wrong: string } {
  const parsed = parseKeyPair(chain, key)
  if ('wrong' in parsed) return parsed
  const has = new Set(parsed.certificate.leaf?.names)
  const lacking = names.filter(name => !has.has(name))
  return lacking.length === 0 ? parsed : { wrong: `it is not for ${lacking.join(', ')}` }
}
