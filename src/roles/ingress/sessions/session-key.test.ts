import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SESSION_KEY, SESSION_KEYS } from '../../../filters/session/session.ts'
import type { ServiceKit } from '../../../translation/service.ts'
import { SessionKey } from './session-key.ts'
import { SESSIONS } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'session-key-'))
after(() => rmSync(folder, { recursive: true }))

/** A process whose secrets are there, the key that its workers have, and what it has logged. */
function begun(secretsDir: string, hasData = true) {
  const log: string[] = []
  let key = ''
  const hear = (event: string, fields: object): number => log.push(`${event} ${JSON.stringify(fields)}`)
  const kit = {
    settings: { secretsDir, dataDir: folder, hasData },
    log: { info: hear, warn: hear },
    tables: {
      replace: (name: string, rows: ReadonlyMap<string, string>) => {
        assert.equal(name, SESSION_KEYS)
        key = rows.get(SESSION_KEY)!
      },
    },
  }
  const service = new SessionKey(kit as unknown as ServiceKit)
  service.start()
  return { service, log, key: () => key }
}

test('the key is made when a rule keeps sessions, for its owner alone, and is the same after a restart', () => {
  const secrets = join(folder, 'made')
  const first = begun(secrets)
  assert.ok(first.key().length >= 32, 'workers have one before anything is served')
  first.service.applied({})
  assert.equal(statSync(secrets, { throwIfNoEntry: false }), undefined)
  first.service.applied({ [SESSIONS]: true })
  first.service.applied({ [SESSIONS]: true })
  const file = join(secrets, 'session-key')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(readFileSync(file, 'utf8').trim(), first.key())
  assert.deepEqual(first.log, [`sessions.key_made ${JSON.stringify({ file })}`])
  assert.ok(!first.log.join().includes(first.key()))
  const second = begun(secrets)
  assert.equal(second.key(), first.key())
})

test('of two processes that begin together both have the one that was made', () => {
  const secrets = join(folder, 'raced')
  const [one, other] = [begun(secrets), begun(secrets)]
  assert.notEqual(one.key(), other.key())
  for (const { service } of [one, other]) service.applied({ [SESSIONS]: true })
  assert.equal(other.key(), one.key())
})

test('a file that cannot be used, or not be written, is told of once, and sessions last as long as the process', () => {
  const file = join(folder, 'session-key')
  writeFileSync(file, 'short')
  const bad = begun(folder)
  bad.service.applied({ [SESSIONS]: true })
  assert.match(
    bad.log.join('\n'),
    /^sessions\.key_not_kept .*expected 32 bytes or more, as base64; sessions of clients end/,
  )
  assert.ok(bad.key().length >= 32)
  assert.equal(readFileSync(file, 'utf8'), 'short')

  const without = begun(join(folder, 'secrets'), false)
  without.service.applied({ [SESSIONS]: true })
  without.service.applied({ [SESSIONS]: true })
  assert.equal(without.log.length, 1)
  assert.match(without.log[0]!, /there is no folder for it/)
})
