import type { Accounts } from '../../../api/access.ts'
import type { Logger } from '../../../telemetry/log.ts'
import { Pepper, type Peppers } from '../credentials/peppers.ts'
import { parseTokenText, shownPrefix } from '../credentials/key-text.ts'
import type { Change, Reader, Store } from '../store/store.ts'
import type { RoleBinding, Recorded, Token, User } from '../store/tables.ts'
import type { UserRole } from '../../../api/permissions.ts'
import { Actor, type HeldRole } from './actor.ts'
import type { Held, Scope } from './scope.ts'

/** How exact the last use of a token is: who uses one all the time does not write all the time. */
const USED_MS = 60_000
const KINDS: ReadonlySet<Change['kind']> = new Set([
  'user',
  'token',
  'role-binding',
  'team-member',
  'organization',
  'team',
])

/** Tokens and roles of all users, as the store had them last: people log in while it is down. */
interface Known {
  readonly users: ReadonlyMap<string, User>
  /** By their prefix, which has their id. */
  readonly tokens: ReadonlyMap<string, Token>
  readonly roles: ReadonlyMap<string, readonly HeldRole[]>
  /** Ids by name. */
  readonly organizations: ReadonlyMap<string, string>
  /** Ids by `<organization's id> <name>`. */
  readonly teams: ReadonlyMap<string, string>
}

const NOBODY: Known = {
  users: new Map(),
  tokens: new Map(),
  roles: new Map(),
  organizations: new Map(),
  teams: new Map(),
}

export interface DirectorySource {
  readonly log: Logger
  readonly nowMs: () => number
  peppers(): Peppers | null
}

/** Who has an account, and what they may do. */
export class Directory implements Accounts {
  private readonly source: DirectorySource
  private known: Known = NOBODY
  /** Before the store has been read nobody can say that there are none. */
  private isUnknown = false
  private readonly used = new Map<string, number>()
  private store: Store | null = null
  private timer: NodeJS.Timeout | null = null

  constructor(source: DirectorySource) {
    this.source = source
  }

  get exist(): boolean | 'unknown' {
    return this.isUnknown ? 'unknown' : this.known.users.size > 0
  }

  /** There is a store, and nothing is known of it yet. */
  expect(): void {
    this.isUnknown = true
  }

  async read(store: Store): Promise<void> {
    this.store = store
    const [users, tokens, bindings, members, organizations, teams] = await Promise.all([
      all(store.users),
      all(store.tokens),
      all(store.roleBindings),
      all(store.teamMembers),
      all(store.organizations),
      all(store.teams),
    ])
    this.known = {
      users: new Map(users.map(user => [user.id, user])),
      tokens: new Map(tokens.filter(({ revoked }) => revoked === null).map(token => [token.prefix, token])),
      roles: rolesOf(
        bindings,
        Map.groupBy(members, ({ team }) => team),
      ),
      organizations: new Map(organizations.map(({ id, name }) => [name, id])),
      teams: new Map(teams.map(({ id, organization, name }) => [`${organization} ${name}`, id])),
    }
    this.isUnknown = false
  }

  /** What the store tells of: everything is read again, for there are few of these. */
  async changed(changes: readonly Change[]): Promise<void> {
    if (this.store !== null && changes.some(({ kind }) => KINDS.has(kind))) await this.read(this.store)
  }

  whoBrings(text: string): Actor | null {
    const key = parseTokenText(text)
    const token = key === null ? undefined : this.known.tokens.get(shownPrefix(key))
    if (key === null || token === undefined) return null
    const nowMs = this.source.nowMs()
    if (token.expires !== null && token.expires <= nowMs) return null
    const peppers = this.source.peppers()?.values.values() ?? []
    const isRight = [...peppers].some(pepper => new Pepper(pepper).isRight(key, token.hash))
    const user = this.known.users.get(token.user)
    if (!isRight || user?.status !== 'active') return null
    this.noteUse(token.id, nowMs)
    return this.actor(user, token.id)
  }

  /** Of what is declared to belong to these, by their names: the platform's where there is no such organization. */
  scopeOf(organization: string, team: string | null): Scope {
    const id = this.known.organizations.get(organization) ?? null
    return {
      organization: id,
      team: team === null ? null : (this.known.teams.get(`${id ?? ''} ${team}`) ?? null),
    }
  }

  private actor({ id, name }: User, token: string): Actor {
    return new Actor({ id, name, by: 'token', token, roles: this.known.roles.get(id) ?? [] })
  }

  private noteUse(token: string, nowMs: number): void {
    this.used.set(token, nowMs)
    this.timer ??= setTimeout(() => void this.writeUses(), USED_MS).unref()
  }

  /** What is not written stays for the next time. */
  async writeUses(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (this.store === null || this.used.size === 0) return
    const uses = new Map(this.used)
    try {
      await this.store.used('tokens', uses)
      for (const [id, ms] of uses) if (this.used.get(id) === ms) this.used.delete(id)
    } catch (error) {
      this.source.log.warn('tokens.uses_kept', { error })
    }
  }
}

function rolesOf(
  bindings: readonly RoleBinding[],
  members: ReadonlyMap<string, readonly { readonly user: string }[]>,
): ReadonlyMap<string, readonly HeldRole[]> {
  const roles = new Map<string, HeldRole[]>()
  for (const binding of bindings) {
    const users = binding.user === null ? (members.get(binding.team ?? '') ?? []) : [{ user: binding.user }]
    for (const { user } of users) {
      const list = roles.get(user)
      const role = { role: binding.role as UserRole, held: heldOf(binding) }
      if (list === undefined) roles.set(user, [role])
      else list.push(role)
    }
  }
  return roles
}

function heldOf({
  account,
  scopeTeam,
  organization,
}: Pick<RoleBinding, 'account' | 'scopeTeam' | 'organization'>): Held {
  if (account !== null) return { in: 'account', id: account }
  if (scopeTeam !== null) return { in: 'team', id: scopeTeam }
  return organization === null ? { in: 'platform' } : { in: 'organization', id: organization }
}

async function all<Row extends Recorded>(reader: Reader<Row>): Promise<readonly Row[]> {
  const rows: Row[] = []
  let after: string | null = null
  do {
    const page = await reader.list({ after, limit: 1000 })
    rows.push(...page.items)
    after = page.next
  } while (after !== null)
  return rows
}
