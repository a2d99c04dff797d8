import type { CertificateStore, DocumentName } from './store.ts'

/** What is remembered of a certificate beside itself: by all replicas, and across restarts. */
export interface Work {
  /** Of the settings that it is about (`settingsId`). */
  readonly settings: string
  /** An order under way, with the key that its certificate is to have. */
  readonly order: { readonly url: string; readonly key: string } | null
  /** Attempts in a row that came to nothing. */
  readonly failures: number
  readonly failure: LastFailure | null
  /** Nothing is tried before; milliseconds since 1970, as the next. */
  readonly notBeforeMs: number
  /** When the certificate was last obtained; 0 for never. */
  readonly issuedMs: number
}

export interface LastFailure {
  readonly reason: string
  readonly message: string
  readonly atMs: number
}

export function freshWork(settings: string, issuedMs = 0): Work {
  return { settings, order: null, failures: 0, failure: null, notBeforeMs: 0, issuedMs }
}

function documentOf(id: string): DocumentName {
  return `work/${id}.json`
}

/** What somebody has written who had other settings, or that cannot be read, is as good as nothing. */
export async function readWork(store: CertificateStore, id: string, settings: string): Promise<Work> {
  const text = await store.read(documentOf(id))
  const work = text === null ? null : parse(text)
  if (work === null) return freshWork(settings)
  return work.settings === settings ? work : freshWork(settings, work.issuedMs)
}

export async function writeWork(store: CertificateStore, id: string, work: Work): Promise<void> {
  await store.write(documentOf(id), `${JSON.stringify(work, null, 2)}\n`)
}

function parse(text: string): Work | null {
  try {
    const { settings, order, failures, failure, notBeforeMs, issuedMs } = JSON.parse(text) as Partial<Work>
    if (typeof settings !== 'string') return null
    return {
      settings,
      order: typeof order?.url === 'string' && typeof order.key === 'string' ? order : null,
      failures: Number.isSafeInteger(failures) ? failures! : 0,
      failure: typeof failure?.reason === 'string' ? failure : null,
      notBeforeMs: Number.isFinite(notBeforeMs) ? notBeforeMs! : 0,
      issuedMs: Number.isFinite(issuedMs) ? issuedMs! : 0,
    }
  } catch {
    return null
  }
}
