import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { serviceKit } from '../../../../test/support/service-kit.ts'
import type { AdminAnswer } from '../../../api/answer.ts'
import { Logger } from '../../../telemetry/log.ts'
import { PepperRows } from '../credentials/pepper-rows.ts'
import { PEPPERS, SIGNING_KEYS } from '../rows.ts'
import type { Store } from '../store/store.ts'
import { Signing } from './signing.ts'

const DAY_MS = 24 * 3_600_000
const sqlite = { engine: 'sqlite' } as Store
const postgres = { engine: 'postgres' } as Store

interface KeySet {
  readonly keys: readonly { readonly kid: string }[]
}

/** A process with its --secrets, at a time of its own. */
class World {
  private readonly settings = serviceKit().settings
  readonly secretsDir = join(this.settings.secretsDir, 'secrets')
  readonly rows = new Map<string, ReadonlyMap<string, unknown>>()
  readonly events: string[] = []
  nowMs = 1_000 * DAY_MS
  private later: (() => void) | null = null
  private answer: AdminAnswer | null = null
  readonly kit = serviceKit({
    settings: { ...this.settings, secretsDir: this.secretsDir },
    log: new Logger({
      human: false,
      windowMs: 0,
      write: line => void this.events.push((JSON.parse(line) as { event: string }).event),
    }),
    calendar: {
      now: () => this.nowMs,
      after: (_, run) => {
        this.later = run
        return () => (this.later = null)
      },
    },
    tables: { patch: () => {}, replace: (name, rows) => void this.rows.set(name, rows) },
    serve: (path, answer, isOpen) => {
      assert.deepEqual([path, isOpen], ['/.well-known/jwks.json', true])
      this.answer = answer
    },
  })
  readonly signing = new Signing(this.kit)

  wait(days: number): void {
    this.nowMs += days * DAY_MS
    this.later?.()
  }

  get signingKid(): string | undefined {
    return (this.rows.get(SIGNING_KEYS)?.get('current') as { kid: string } | undefined)?.kid
  }

  async told(method = 'GET'): Promise<{ readonly status: number; readonly kids: readonly string[] }> {
    const server = createServer((request, response) => void this.answer!(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      const response = await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`, { method })
      const kids =
        response.status === 200 ? ((await response.json()) as KeySet).keys.map(({ kid }) => kid) : []
      return { status: response.status, kids }
    } finally {
      server.close()
      server.closeAllConnections()
    }
  }
}

suite('keys that backends believe', () => {
  test('are made at the first start, kept over others, and changed once a month, each known a month before', async () => {
    const world = new World()
    assert.deepEqual(await world.told(), { status: 200, kids: [] })
    world.signing.opened(sqlite)
    const file = join(world.secretsDir, 'identity-keys.json')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const { kids } = await world.told()
    assert.deepEqual([kids.length, kids[0]], [2, world.signingKid])
    world.wait(29)
    assert.equal(world.signingKid, kids[0])
    world.wait(2)
    assert.equal(world.signingKid, kids[1])
    assert.equal((await world.told()).kids[2], kids[0])
    const again = new Signing({ ...world.kit, serve: () => {} })
    again.opened(sqlite)
    assert.equal(world.signingKid, kids[1])
    assert.deepEqual(world.events, ['signing.made', 'signing.changed'])
    assert.equal((await world.told('POST')).status, 405)
    world.signing.stop()
    again.stop()
  })

  test('of nodes that share a database are given: none makes or changes them by itself', async () => {
    const one = new World()
    one.signing.opened(sqlite)
    const file = 'identity-keys.json'
    const other = new World()
    other.signing.opened(postgres)
    assert.deepEqual([other.signingKid, other.events], [undefined, ['signing.failed']])
    new PepperRows(other.kit).opened(sqlite)
    writeFileSync(join(other.secretsDir, file), readFileSync(join(one.secretsDir, file)), { mode: 0o600 })
    other.signing.applied()
    assert.equal(other.signingKid, one.signingKid)
    other.wait(40)
    assert.equal(other.signingKid, one.signingKid)
    one.wait(40)
    writeFileSync(join(other.secretsDir, file), readFileSync(join(one.secretsDir, file)))
    other.signing.applied()
    assert.equal(other.signingKid, one.signingKid)
    assert.deepEqual((await other.told()).kids, (await one.told()).kids)
    // What is broken takes nothing away from what is there.
    writeFileSync(join(other.secretsDir, file), '{}')
    other.signing.applied()
    assert.equal(other.signingKid, one.signingKid)
    for (const { signing } of [one, other]) signing.stop()
  })
})

suite('peppers in workers', () => {
  test('are those of the file, and others when it is another one', () => {
    const world = new World()
    const peppers = new PepperRows(world.kit)
    peppers.applied()
    assert.equal(world.rows.has(PEPPERS), false)
    peppers.opened(sqlite)
    assert.deepEqual([...world.rows.get(PEPPERS)!.keys()], ['1'])
    const file = join(world.secretsDir, 'peppers.json')
    const { peppers: values } = JSON.parse(readFileSync(file, 'utf8')) as { peppers: Record<string, string> }
    assert.equal(world.rows.get(PEPPERS)!.get('1'), values['1'])
    writeFileSync(file, JSON.stringify({ current: 2, peppers: { ...values, 2: values['1'] } }))
    peppers.applied()
    assert.deepEqual([...world.rows.get(PEPPERS)!.keys()], ['1', '2'])
    writeFileSync(file, 'nonsense')
    peppers.applied()
    assert.deepEqual([...world.rows.get(PEPPERS)!.keys()], ['1', '2'])
    assert.deepEqual(world.events, ['peppers.made', 'peppers.failed'])
  })

  test('are not made where a database has those of others', () => {
    const world = new World()
    new PepperRows(world.kit).opened(postgres)
    assert.deepEqual([world.rows.has(PEPPERS), world.events], [false, ['peppers.failed']])
  })
})
