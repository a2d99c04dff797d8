import type { Wants } from '../../../translation/service.ts'
import type { IssuedCertificates } from './issued.ts'
import type { WantedCertificate } from './wanted.ts'

// What translation and the service know of each other, by names in their wants and facts.

export const ACME = 'acme'

/** What the service has found out. */
export interface AcmeFacts {
  readonly issued: IssuedCertificates
  /** Where workers ask what to show a client that validates a name (shared/questions.ts). */
  readonly channel: string
}

export function wantedIn(wants: Wants): readonly WantedCertificate[] {
  return (wants[ACME] as readonly WantedCertificate[] | undefined) ?? []
}
