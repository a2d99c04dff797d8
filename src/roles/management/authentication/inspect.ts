import type { Exchange, Fact, Inspection, InspectKit } from '../../../filters/filter.ts'
import { identityNote } from '../../../filters/identity.ts'
import { compilingKit, undecidedNote } from '../../../filters/inspect.ts'
import type { FailureName } from '../../../http/failures.ts'
import { APPLICATIONS, CREDENTIALS, ISSUERS, type ApplicationRow } from '../rows.ts'
import { isRefused, type Acceptor, type Looked, type Refused } from './acceptor.ts'
import type { AuthenticationConfig } from './config.ts'
import { Door, worse } from './door.ts'

/** Which credentials are looked for where, what is there of them, and whose that is. None of it is shown. */
export async function inspectDoor(
  config: AuthenticationConfig,
  x: Exchange,
  kit: InspectKit,
): Promise<Inspection> {
  const door = new Door(config, compilingKit(quiet(kit)))
  const isLive = kit.table(CREDENTIALS) !== null
  const facts: Fact[] = []
  const doubts: string[] = []
  let worst: Refused | null = null
  for (const acceptor of door.acceptors) {
    const looked = await look(acceptor, x, isLive)
    facts.push({ name: acceptor.help, value: lookedText(looked) })
    if (looked === null) continue
    if ('doubt' in looked) doubts.push(looked.doubt)
    else if (!isRefused(looked)) {
      door.accept(x, looked, acceptor)
      return { facts: [...facts, ...whoFacts(x, kit)], refusal: null, unknown: doubts[0] ?? null }
    } else if (looked.failure === 'credential_conflict')
      return { facts, refusal: door.refuse(looked), unknown: null }
    else worst = worse(worst, looked)
  }
  const [doubt] = doubts
  if (doubt !== undefined) {
    x.notes.set(undecidedNote, doubt)
    return { facts, refusal: null, unknown: doubt }
  }
  const refusal = worst === null ? door.acceptNobody(x) : door.refuse(worst)
  if (refusal !== undefined) return { facts, refusal, unknown: null }
  return { facts: [...facts, ...whoFacts(x, kit)], refusal: null, unknown: null }
}

/** Without the row by which workers have keys of an issuer fetched. */
function quiet(kit: InspectKit): InspectKit {
  return {
    ...kit,
    table<T>(name: string) {
      const rows = kit.table<T>(name)
      if (name !== ISSUERS || rows === null) return rows
      return { get: (key: string) => (key === 'channel' ? undefined : rows.get(key)) }
    },
  }
}

/** What can be seen of a credential itself. */
const plain: ReadonlySet<FailureName> = new Set([
  'api_key_malformed',
  'credential_conflict',
  'token_invalid',
  'token_expired',
])

/** Of what is recorded only a running gateway knows whose it is; that it is none is plain to see. */
async function look(acceptor: Acceptor, x: Exchange, isLive: boolean): Promise<Looked> {
  const looked = await (acceptor.look?.(x) ?? acceptor.judge(x))
  if (looked === null || 'doubt' in looked || isLive || !isRefused(looked)) return looked
  return plain.has(looked.failure)
    ? looked
    : { doubt: 'whose the credential is only a running gateway knows' }
}

function lookedText(looked: Looked): string {
  if (looked === null) return 'not there'
  if ('doubt' in looked) return looked.doubt
  return isRefused(looked) ? `${looked.failure}: ${looked.detail}` : 'accepted'
}

/** Of several policies the identity that counts, which need not be what this one has found. */
function whoFacts({ notes }: Exchange, kit: InspectKit): readonly Fact[] {
  const identity = notes.get(identityNote)
  if (identity === undefined) return []
  const { principal, application, scopes } = identity
  return [
    { name: 'who', value: principal },
    ...(application === null ? [] : [{ name: 'application', value: applicationText(application, kit) }]),
    ...(scopes.length === 0 ? [] : [{ name: 'scopes', value: scopes }]),
  ]
}

function applicationText(application: string, kit: InspectKit): string {
  const row = kit.table<ApplicationRow>(APPLICATIONS)?.get(application)
  return row === undefined ? application : `${row.accountName}/${row.name} (${application})`
}
