import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { requirePeer } from '../../../../test/support/peer.ts'
import { Pebble, type PebbleOptions } from '../../../../test/support/pebble.ts'
import { Folder, freePort } from '../../../../test/support/process.ts'
import type { CertificateState } from './issued.ts'
import { Account } from './account.ts'
import { calling, newCalling } from './calls.ts'
import { Answering, Replica, wantedOf } from '../../../../test/support/acme-replica.ts'
import { accountId, type AccountSettings } from './wanted.ts'

const DAY_MS = 86_400_000

/** A directory that finds every name here, a folder, and someone who answers for what is in it. */
class Scene implements AsyncDisposable {
  readonly pebble: Pebble
  readonly folder: Folder
  private readonly stack: AsyncDisposableStack

  private constructor(pebble: Pebble, folder: Folder, stack: AsyncDisposableStack) {
    this.pebble = pebble
    this.folder = folder
    this.stack = stack
  }

  /** Null where there is no Pebble here; not `up` yet where that is said. */
  static async set(
    t: TestContext,
    names: readonly string[],
    { up = true, ...more }: Partial<PebbleOptions> & { readonly up?: boolean } = {},
  ): Promise<Scene | null> {
    const program = requirePeer(t, 'pebble')
    if (program === null) return null
    const httpPort = await freePort()
    const stack = new AsyncDisposableStack()
    const folder = stack.use(new Folder())
    const pebble = stack.use(await Pebble.prepare(program, names, { httpPort, tlsPort: 1, ...more }))
    stack.use(await Answering.start(httpPort, new Replica(folder).store))
    if (up) await pebble.up()
    return new Scene(pebble, folder, stack)
  }

  replica(nowMs?: number): Replica {
    const replica = new Replica(this.folder, nowMs)
    this.stack.defer(() => replica.service.stop())
    return replica
  }

  files(of: string): string[] {
    return readdirSync(join(this.folder.path, 'certificates', of))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync()
  }
}

function leafOf({ parsed }: CertificateState): X509Certificate {
  return new X509Certificate(parsed!.certificate.chain)
}

function namesOf(state: CertificateState): readonly string[] {
  return state.parsed!.certificate.leaf!.names
}

for (const keyType of ['ecdsa', 'rsa'] as const)
  test(`a certificate for two names with a key of ${keyType} is obtained, and kept for its owner alone`, async t => {
    await using scene = await Scene.set(t, ['a.example', 'www.a.example'])
    if (scene === null) return
    const replica = scene.replica()
    const wanted = wantedOf(scene.pebble, ['a.example', 'www.a.example'], { keyType })
    replica.service.want([wanted])
    const state = await replica.issued(wanted)
    assert.deepEqual(namesOf(state).toSorted(), ['a.example', 'www.a.example'])
    assert.equal(leafOf(state).publicKey.asymmetricKeyType, keyType === 'rsa' ? 'rsa' : 'ec')
    assert.ok(
      leafOf(state).verify(
        new X509Certificate(state.parsed!.certificate.chain.split(/(?<=-----\n)(?=-)/)[1]!).publicKey,
      ),
    )
    const lifeMs = 90 * DAY_MS
    const renewedAfter = state.renewMs - leafOf(state).validFromDate.getTime()
    assert.ok(renewedAfter > lifeMs * 0.64 && renewedAfter <= lifeMs * 0.67, String(renewedAfter / lifeMs))
    await replica.service.stop()
    const file = join(scene.folder.path, 'certificates', 'certificates', `${wanted.id}.pem`)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.match(
      readFileSync(file, 'utf8'),
      /^-----BEGIN CERTIFICATE-----[^]*-----BEGIN (RSA )?PRIVATE KEY-----/,
    )
    assert.deepEqual(scene.files('challenges'), [], 'what was shown for it is gone')
    const said = JSON.stringify(replica.log.all)
    assert.doesNotMatch(said, /PRIVATE KEY/)
  })

test('what is there is not ordered again by whoever comes later', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['a.example'])
  const first = scene.replica()
  first.service.want([wanted])
  const { parsed } = await first.issued(wanted)
  const second = scene.replica()
  second.service.want([wanted])
  assert.equal((await second.issued(wanted)).parsed?.certificate.fingerprint, parsed?.certificate.fingerprint)
  assert.equal(scene.pebble.orders, 1)
})

test('two replicas that begin at once order once, and both have it', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['a.example'])
  const replicas = [scene.replica(), scene.replica()]
  for (const { service } of replicas) service.want([wanted])
  const loser = async (): Promise<Replica> => {
    await Promise.race(replicas.map(replica => replica.issued(wanted)))
    return replicas.find(replica => replica.service.issued.get(wanted.id)?.parsed == null) ?? replicas[1]!
  }
  const other = await loser()
  // It looks again soon, for it has seen that somebody is at it.
  await other.pass(2_000)
  const [one, two] = await Promise.all(replicas.map(replica => replica.issued(wanted)))
  assert.equal(one!.parsed?.certificate.fingerprint, two!.parsed?.certificate.fingerprint)
  assert.equal(scene.pebble.orders, 1)
  assert.deepEqual(scene.files('accounts').length, 1)
})

test('a directory that is down is asked again later, and says so until then', async t => {
  await using scene = await Scene.set(t, ['a.example'], { up: false })
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['a.example'])
  const replica = scene.replica()
  replica.service.want([wanted])
  const { failure, retryMs, parsed } = await replica.state(wanted, state => state.failure !== null)
  assert.equal(parsed, null)
  assert.equal(failure!.reason, 'DirectoryUnreachable')
  assert.match(failure!.message, /ECONNREFUSED/)
  assert.equal(retryMs - replica.clock.now(), 5_000)
  await replica.pass(5_000)
  const again = await replica.state(wanted, state => state.retryMs > retryMs)
  assert.equal(again.retryMs - replica.clock.now(), 10_000, 'longer each time')
  await scene.pebble.up()
  await replica.pass(10_000)
  const state = await replica.issued(wanted)
  assert.equal(state.failure, null)
})

test('a clock that runs ahead renews once, and a directory that is down then leaves the old one in force', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['a.example'])
  const replica = scene.replica()
  replica.service.want([wanted])
  const old = await replica.issued(wanted)
  await scene.pebble.down()
  const { length } = replica.changes.all
  await replica.pass(61 * DAY_MS)
  const kept = await replica.state(wanted, state => state.failure !== null, length)
  assert.equal(kept.failure!.reason, 'DirectoryUnreachable')
  assert.equal(leafOf(kept).serialNumber, leafOf(old).serialNumber)
  // It has forgotten the account, too: with the same key it is made again.
  await scene.pebble.up()
  await replica.pass(10_000)
  const renewed = await replica.state(wanted, state => state.failure === null, replica.changes.all.length)
  assert.notEqual(leafOf(renewed).serialNumber, leafOf(old).serialNumber)
  assert.ok(renewed.renewMs >= replica.clock.now() + DAY_MS - 1, 'not again at once, whatever the clock says')
  const { orders } = scene.pebble
  await replica.pass(60_000)
  await replica.service.stop()
  assert.equal(scene.pebble.orders, orders)
})

test('a name that the directory refuses is told of, and an other one is served', async t => {
  await using scene = await Scene.set(t, ['a.example', 'blocked.example'])
  if (scene === null) return
  const [refused, other] = [
    wantedOf(scene.pebble, ['blocked.example']),
    wantedOf(scene.pebble, ['a.example']),
  ]
  const replica = scene.replica()
  replica.service.want([refused, other])
  const { failure } = await replica.state(refused, state => state.failure !== null)
  assert.equal(failure!.reason, 'OrderRefused')
  assert.match(failure!.message, /rejectedIdentifier: .*blocked\.example/)
  await replica.issued(other)
})

test('a name that leads elsewhere is refused with the words of the directory', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['elsewhere.example'])
  const replica = scene.replica()
  replica.service.want([wanted])
  const { failure, retryMs } = await replica.state(wanted, state => state.failure !== null)
  assert.equal(failure!.reason, 'ValidationFailed')
  assert.match(failure!.message, /^elsewhere\.example: /)
  assert.equal(retryMs - replica.clock.now(), 60_000)
  scene.pebble.dns.records.set('elsewhere.example', ['127.0.0.1'])
  await replica.pass(60_000)
  await replica.issued(wanted)
})

test('an external account is bound, and a wrong one is refused', async t => {
  const externalAccounts = { mine: Buffer.alloc(32, 7).toString('base64url') }
  await using scene = await Scene.set(t, ['a.example'], { externalAccounts })
  if (scene === null) return
  const replica = scene.replica()
  const { account } = wantedOf(scene.pebble, [])
  const as = (externalAccount: AccountSettings['externalAccount']) =>
    wantedOf(scene.pebble, ['a.example'], { account: { ...account, externalAccount } })
  for (const wrong of [
    null,
    { keyId: 'mine', key: 'AAAA' },
    { keyId: 'theirs', key: externalAccounts.mine },
  ]) {
    const { length } = replica.changes.all
    replica.service.want([as(wrong)])
    const { failure } = await replica.state(as(wrong), state => state.failure !== null, length)
    assert.equal(failure!.reason, 'AccountRefused', failure!.message)
  }
  const right = as({ keyId: 'mine', key: externalAccounts.mine })
  const { length } = replica.changes.all
  replica.service.want([right])
  // What was refused of others need not be waited for.
  await replica.issued(right, length)
  assert.doesNotMatch(JSON.stringify(replica.log.all), new RegExp(externalAccounts.mine))
})

test('an account that has been deactivated is refused, and nobody makes another behind its owner', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['a.example'])
  const replica = scene.replica()
  const call = newCalling(scene.pebble.authority, new AbortController().signal)
  const account = await new Account(wanted.account, replica.store).open(call)
  await calling(call, () => account.updateAccount({ status: 'deactivated' }))
  replica.service.want([wanted])
  const { failure } = await replica.state(wanted, state => state.failure !== null)
  assert.equal(failure!.reason, 'AccountRefused')
  assert.deepEqual(scene.files('accounts'), [`${accountId(wanted.account)}.json`])
  call.agent.destroy()
})

test('an order that was left in the middle is gone on with by whoever comes next', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['a.example'])
  const first = scene.replica()
  const release = scene.pebble.dns.hold()
  first.service.want([wanted])
  await scene.pebble.log.first(line => line.includes('Attempting to validate'))
  await first.service.stop()
  assert.equal(first.service.issued.get(wanted.id)?.parsed ?? null, null)
  release()
  const second = scene.replica()
  second.service.want([wanted])
  await second.issued(wanted)
  assert.equal(scene.pebble.orders, 1)
})

test('what is in the folder and cannot be read is told of, and mended', async t => {
  await using scene = await Scene.set(t, ['a.example'])
  if (scene === null) return
  const wanted = wantedOf(scene.pebble, ['a.example'])
  const first = scene.replica()
  first.service.want([wanted])
  await first.issued(wanted)
  await first.service.stop()
  const folder = join(scene.folder.path, 'certificates')
  writeFileSync(join(folder, 'certificates', `${wanted.id}.pem`), 'half')
  writeFileSync(join(folder, 'work', `${wanted.id}.json`), '{')
  const second = scene.replica()
  second.service.want([wanted])
  await second.issued(wanted)
  await second.service.stop()
  const account = join(folder, 'accounts', `${accountId(wanted.account)}.json`)
  writeFileSync(account, '{')
  writeFileSync(join(folder, 'certificates', `${wanted.id}.pem`), 'half')
  writeFileSync(join(folder, 'work', `${wanted.id}.json`), '{')
  const third = scene.replica()
  third.service.want([wanted])
  const { failure } = await third.state(wanted, state => state.failure !== null)
  assert.equal(failure!.reason, 'StoreFailed')
  assert.match(failure!.message, /cannot be read as an account; remove it for a new one/)
})
