import { UsageError, type Flag } from '../../command/flag.ts'
import { oneOf } from '../../command/values.ts'
import { spanS, switchFlag, textFlag } from '../flags.ts'

export type CredentialKind = 'api-key' | 'basic' | 'certificate' | 'client'

export const kind: Flag<CredentialKind> = {
  name: 'kind',
  placeholder: 'api-key|basic|certificate|client',
  fallback: 'api-key',
  help: 'A key; a user, whose password is made here; the subject of a client certificate; or the client id of an issuer of tokens.',
  choices: ['api-key', 'basic', 'certificate', 'client'],
  parse: oneOf('api-key', 'basic', 'certificate', 'client'),
}
export const label = textFlag('name', 'TEXT', 'What it is for.')
export const user = textFlag('user', 'NAME', 'Of --kind basic.')
export const subject = textFlag(
  'subject',
  'SUBJECT',
  'Of --kind certificate: CN=mobile,O=Acme, or a name of its subjectAltName.',
)
export const issuer = textFlag('issuer', 'URL', 'Of --kind client.')
export const clientId = textFlag('client-id', 'ID', 'Of --kind client.')
export const everything = switchFlag('all', 'Also those that are revoked or have expired.')
export const overlap: Flag<number | null> = {
  name: 'overlap',
  placeholder: 'SPAN',
  fallback: '',
  help: 'For how long the old one counts beside the new one: 12h, 7d, or 0s for not at all; a day where absent.',
  parse: text => {
    if (text === '') return null
    if (text === '0') return 0
    const span = spanS(text)
    if (span > 31_536_000) throw new UsageError(`"${text}" is too long, expected at most 365d`)
    return span
  },
}
