import type { Credential, CredentialWithKey } from '../../api/shapes/credential.ts'
import { UsageError, type Command, type Flag, type Given } from '../command/flag.ts'
import type { Column } from '../command/table.ts'
import {
  clientId,
  everything,
  issuer,
  kind,
  label,
  overlap,
  subject,
  user,
  type CredentialKind,
} from './commands/keys-flags.ts'
import { findApplication, findCredential } from './find.ts'
import { expires, reason, scopes } from './flags.ts'
import { operandsOf } from './operands.ts'
import { all, ask, sessionOf, showAll, type Session } from './session.ts'
import { statusColour, timeText } from './texts.ts'

export const keyColumns: readonly Column<Credential>[] = [
  { title: 'KEY', of: one => (one.prefix === '' ? `${one.kind} ${one.keyId}` : `${one.prefix}…`) },
  { title: 'NAME', of: ({ name }) => name, spare: 4 },
  { title: 'STATUS', of: ({ status }) => status, colour: statusColour },
  { title: 'EXPIRES', of: ({ expiresAt }) => timeText(expiresAt), spare: 3 },
  { title: 'LAST USED', of: ({ lastUsedAt }) => timeText(lastUsedAt) || 'never', spare: 2 },
  { title: 'CREATED', of: ({ createdAt }) => timeText(createdAt), spare: 1 },
  { title: 'SCOPES', of: one => one.scopes.join(' '), spare: 5 },
  { title: 'ID', of: ({ id }) => id },
]

export async function create(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const body = wanted(given)
  const session = sessionOf(given)
  const application = await findApplication(session, given, name)
  const made = await ask<CredentialWithKey>(
    session,
    'POST',
    `/v1/applications/${application.id}/credentials`,
    { body },
  )
  showKey(session, made, `of ${application.name}`)
  return 0
}

const ownFlags: Readonly<Record<CredentialKind, readonly Flag<string>[]>> = {
  'api-key': [],
  basic: [user],
  certificate: [subject],
  client: [issuer, clientId],
}

/** The flags that a kind of credential needs are there, and no others. */
function wanted(given: Given): object {
  const chosen = given.get(kind)
  const own = ownFlags[chosen]
  for (const flag of [user, subject, issuer, clientId]) {
    const isOwn = own.includes(flag)
    if (isOwn === given.has(flag)) continue
    throw new UsageError(
      isOwn
        ? `keys create: --kind ${chosen} needs --${flag.name}`
        : `keys create: --${flag.name} is not of --kind ${chosen}: ${flag.help}`,
    )
  }
  const called = given.get(label)
  const until = given.get(expires)
  const words = given.get(scopes)
  return {
    kind: chosen,
    ...(called !== '' && { name: called }),
    ...(until !== '' && { expiresAt: until }),
    ...(words.length > 0 && { scopes: words }),
    ...Object.fromEntries(
      own.map(flag => [
        flag.name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
        given.get(flag),
      ]),
    ),
  }
}

export async function list(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const application = await findApplication(session, given, name)
  const found = await all<Credential>(session, `/v1/applications/${application.id}/credentials`)
  const shown = given.get(everything)
    ? found
    : found.filter(({ status }) => status === 'active' || status === 'upcoming')
  const hidden = found.length - shown.length
  showAll(
    session,
    shown,
    keyColumns,
    hidden > 0
      ? `no key that counts, and ${hidden} that ${hidden === 1 ? 'does' : 'do'} not any more: --all`
      : `no key yet; one is made by: portcullis keys create ${application.name}`,
  )
  return 0
}

export async function rotate(given: Given, command: Command): Promise<number> {
  const operands = operandsOf(given, command, 1, 2)
  const span = given.get(overlap)
  const until = given.get(expires)
  const session = sessionOf(given)
  const { id } = await findCredential(session, given, operands)
  const body = { ...(span !== null && { overlapS: span }), ...(until !== '' && { expiresAt: until }) }
  const made = await ask<CredentialWithKey>(session, 'POST', `/v1/credentials/${id}/rotate`, { body })
  const old = await ask<Credential>(session, 'GET', `/v1/credentials/${id}`)
  const rest =
    old.status === 'active' && old.expiresAt !== null
      ? `in place of ${old.prefix}…, which counts until ${timeText(old.expiresAt)}`
      : `in place of ${old.prefix}…, which counts no more`
  showKey(session, made, rest)
  return 0
}

export async function revoke(given: Given, command: Command): Promise<number> {
  const operands = operandsOf(given, command, 1, 2)
  const why = given.get(reason)
  const session = sessionOf(given)
  const { id } = await findCredential(session, given, operands)
  const revoked = await ask<Credential>(session, 'POST', `/v1/credentials/${id}/revoke`, {
    body: why === '' ? {} : { reason: why },
  })
  if (session.output === 'json') process.stdout.write(`${JSON.stringify(revoked, null, 2)}\n`)
  else
    process.stderr.write(
      `${revoked.prefix === '' ? revoked.keyId : `${revoked.prefix}…`} is revoked, and counts no more\n`,
    )
  return 0
}

/** The key alone on standard output, so that a shell can take it; whoever asks for JSON has all of it. */
function showKey({ output: form }: Session, made: CredentialWithKey, about: string): void {
  if (form === 'json') return void process.stdout.write(`${JSON.stringify(made, null, 2)}\n`)
  const until = made.expiresAt === null ? '' : `; it counts until ${timeText(made.expiresAt)}`
  if (made.key === null)
    return void process.stderr.write(`${made.kind} ${made.keyId} counts now, ${about}${until}\n`)
  process.stdout.write(`${made.key}\n`)
  const what = made.kind === 'basic' ? `The password of ${made.keyId}` : 'The key'
  process.stderr.write(`${what}, ${about}${until}. It is not shown again: keep it now.\n`)
}
