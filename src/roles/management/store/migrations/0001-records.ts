import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Engine } from '../engine.ts'
import { newId } from '../ids.ts'
import { TableMaker } from './table-maker.ts'

/** Organisations to objects, what is known about requests, audit and feed. */
export function records(engine: Engine): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const make = new TableMaker(db, engine)
      await people(make)
      await consumers(make)
      await objects(make)
      await requests(make)
      await feed(make)
      await first(db)
    },
  }
}

async function people(make: TableMaker): Promise<void> {
  await make.record('organizations', { name: 'text', title: 'text' }, { unique: [['name']] })
  await make.record(
    'teams',
    { organization: 'organizations.id', name: 'text', title: 'text' },
    { unique: [['organization', 'name']] },
  )
  await make.record(
    'users',
    { organization: 'organizations.id', name: 'text', title: 'text', email: 'text?', status: 'text' },
    { unique: [['name']], index: [['organization']] },
  )
  await make.record(
    'team_members',
    { team: 'teams.id', user: 'users.id' },
    { unique: [['team', 'user']], index: [['user']] },
  )
  await make.record(
    'tokens',
    {
      user: 'users.id',
      name: 'text',
      prefix: 'text',
      hash: 'text',
      expires: 'integer?',
      last_used: 'integer?',
      revoked: 'integer?',
    },
    { unique: [['hash']], index: [['user']] },
  )
}

async function consumers(make: TableMaker): Promise<void> {
  await make.record(
    'accounts',
    { organization: 'organizations.id', name: 'text', title: 'text', status: 'text' },
    { unique: [['organization', 'name']] },
  )
  await make.record(
    'role_bindings',
    {
      user: 'users.id?',
      team: 'teams.id?',
      role: 'text',
      organization: 'organizations.id?',
      scope_team: 'teams.id?',
      account: 'accounts.id?',
    },
    { index: [['user'], ['team'], ['organization'], ['scope_team'], ['account']] },
  )
  await make.record(
    'applications',
    { account: 'accounts.id', name: 'text', title: 'text', status: 'text' },
    { unique: [['account', 'name']] },
  )
  await make.record(
    'credentials',
    {
      application: 'applications.id',
      name: 'text',
      kind: 'text',
      key_id: 'text',
      prefix: 'text',
      hash: 'text?',
      pepper: 'integer?',
      scopes: 'text',
      expires: 'integer?',
      not_before: 'integer?',
      last_used: 'integer?',
      revoked: 'integer?',
      replaces: 'text?',
    },
    { index: [['application']] },
  )
  await make.uniqueWhere('credentials', ['kind', 'key_id'], sql`revoked is null`)
  await make.record(
    'subscriptions',
    {
      application: 'applications.id',
      product: 'text',
      plan: 'text',
      status: 'text',
      since: 'integer?',
      plan_since: 'integer?',
      previous_plan: 'text?',
      previous_since: 'integer?',
      approved_by: 'text?',
      reason: 'text?',
    },
    { index: [['application'], ['product'], ['plan']] },
  )
  await make.uniqueWhere(
    'subscriptions',
    ['application', 'product'],
    sql`status in ('pending', 'active', 'suspended')`,
  )
}

async function objects(make: TableMaker): Promise<void> {
  await make.record(
    'objects',
    {
      group: 'text',
      kind: 'text',
      namespace: 'text',
      name: 'text',
      body: 'text',
      generation: 'integer',
      owner: 'text?',
    },
    { unique: [['group', 'kind', 'namespace', 'name']] },
  )
}

async function requests(make: TableMaker): Promise<void> {
  await make.table(
    'idempotency',
    ['actor', 'key'],
    {
      actor: 'text',
      key: 'text',
      request_hash: 'text',
      status: 'integer?',
      headers: 'text?',
      body: 'text?',
      at: 'integer',
      expires: 'integer',
    },
    { index: [['expires']] },
  )
  await make.table('settings', ['key'], { key: 'text', value: 'text', updated: 'integer' })
  await make.table('leases', ['name'], { name: 'text', holder: 'text', until: 'integer' })
}

async function feed(make: TableMaker): Promise<void> {
  await make.table(
    'audit',
    ['seq'],
    {
      seq: 'integer',
      at: 'integer',
      actor: 'text',
      by: 'text',
      action: 'text',
      kind: 'text',
      object: 'text',
      name: 'text',
      organization: 'text?',
      before: 'text?',
      after: 'text?',
      request: 'text?',
      prev_hash: 'text',
      hash: 'text',
    },
    {
      index: [
        ['organization', 'seq'],
        ['object', 'seq'],
      ],
    },
  )
  await make.table(
    'changes',
    ['revision', 'ordinal'],
    { revision: 'integer', ordinal: 'integer', kind: 'text', id: 'text', at: 'integer' },
    { index: [['at']] },
  )
  await make.table('head', ['one'], {
    one: 'integer',
    store: 'text',
    revision: 'integer',
    audit_seq: 'integer',
    audit_hash: 'text',
    needs: 'text',
  })
}

/** What is there before anybody has made anything. */
async function first(db: Kysely<unknown>): Promise<void> {
  const now = Date.now()
  await sql`insert into organizations (id, version, created, updated, name, title)
    values (${newId(now)}, 0, ${now}, ${now}, 'default', 'Default')`.execute(db)
  await sql`insert into head (one, store, revision, audit_seq, audit_hash, needs)
    values (1, ${newId(now)}, 0, 0, '', '')`.execute(db)
}
