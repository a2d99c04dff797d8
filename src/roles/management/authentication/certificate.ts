import type { Exchange } from '../../../filters/filter.ts'
import type { Identity } from '../../../filters/identity.ts'
import type { Lookup } from '../../../shared/table.ts'
import { CREDENTIALS, RECORDS, type CredentialRow } from '../rows.ts'
import {
  quoted,
  type Acceptor,
  type AcceptContext,
  type Looked,
  type Outcome,
  type Refused,
} from './acceptor.ts'
import type { CertificateAccept } from './config.ts'
import { recordedIdentity, unread, unrecordedIdentity } from './recorded.ts'

const unknown: Refused = { failure: 'authentication_failed', detail: 'the certificate is of nobody here' }
const untimely: Refused = {
  failure: 'authentication_failed',
  detail: 'the certificate is recorded for another time',
}

/** The certificate of the connection, which the listener has verified, by its subject or one of its alternative names. */
export class CertificateAcceptor implements Acceptor {
  readonly help = 'a client certificate that is known here'
  readonly headers: readonly string[] = []
  /** Those that are let through, and who each is where it is not recorded. */
  private readonly subjects: ReadonlyMap<string, Identity> | null
  private readonly rows: Lookup<CredentialRow>
  private readonly records: Lookup<boolean>
  private readonly wallMs: () => number
  private readonly text: string

  constructor({ subjects }: CertificateAccept, { policy, kit }: AcceptContext) {
    this.subjects = subjects === null ? null : new Map(subjects.map(name => [name, strangerOf(name)]))
    this.rows = kit.table<CredentialRow>(CREDENTIALS)
    this.records = kit.table<boolean>(RECORDS)
    this.wallMs = () => kit.clock.wallMs()
    // RFC 9110 §11.6.1 asks for a challenge, and no scheme stands for what happens below HTTP.
    this.text = `ClientCertificate realm=${quoted(policy)}`
  }

  challenge(): string {
    return this.text
  }

  judge({ certificate }: Exchange): Outcome {
    if (certificate === null) return null
    const { subjects } = this
    const names = [certificate.subject, ...certificate.names].filter(name => name !== '')
    const allowed = subjects === null ? names : names.filter(name => subjects.has(name))
    for (const name of allowed) {
      const row = this.rows.get(`cert ${name}`)
      if (row?.kind !== 'certificate') continue
      const nowMs = this.wallMs()
      if (nowMs < row.notBeforeMs || nowMs >= (row.expiresMs ?? Infinity)) return untimely
      return recordedIdentity('certificate', `cert:${name}`, row)
    }
    const [name = ''] = allowed
    const stranger = subjects?.get(name)
    if (stranger !== undefined) return stranger
    return this.records.get('unread') === undefined ? unknown : unread
  }

  look(x: Exchange): Looked {
    return x.certificate === null ? { doubt: 'it depends on the certificate of the client' } : this.judge(x)
  }

  takeOut(): void {}
}

function strangerOf(name: string): Identity {
  return unrecordedIdentity('certificate', `cert:${name}`)
}
