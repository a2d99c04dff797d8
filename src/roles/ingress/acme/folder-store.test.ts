import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeClock } from '../../../../test/support/clock.ts'
import { Folder } from '../../../../test/support/process.ts'
import { challengeDocument, findToken } from './challenges.ts'
import { FolderStore } from './folder-store.ts'
import type { Lease } from './store.ts'

const LEASE_MS = 1_000

function storeOf(folder: Folder, clock = new FakeClock()): FolderStore {
  return new FolderStore(join(folder.path, 'shared'), clock, LEASE_MS)
}

test('a document is there as it was written, for its owner alone, and nothing is left beside it', async () => {
  using folder = new Folder()
  const store = storeOf(folder)
  assert.equal(await store.read('certificates/a'), null)
  await store.write('certificates/a', 'one')
  await store.write('certificates/a', 'two')
  assert.equal(await store.read('certificates/a'), 'two')
  const shared = join(folder.path, 'shared')
  assert.equal(statSync(join(shared, 'certificates')).mode & 0o777, 0o700)
  assert.equal(statSync(shared).mode & 0o777, 0o700)
  assert.equal(statSync(join(shared, 'certificates', 'a')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(shared, 'certificates')), ['a'])
  await store.remove('certificates/a')
  await store.remove('certificates/a')
  assert.equal(await store.read('certificates/a'), null)
})

for (const name of ['', '.a', '../a', 'a/b', 'a\0', 'a b', 'x'.repeat(201)])
  test(`no document is called ${JSON.stringify(name.slice(0, 10))}`, async () => {
    using folder = new Folder()
    await assert.rejects(storeOf(folder).read(`accounts/${name}`), /cannot be the name of a document/)
  })

test('what is shown for a token is found whatever the token begins with', async () => {
  using folder = new Folder()
  const store = storeOf(folder)
  for (const first of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
    const token = `${first}N-RNcQJ-XBn5t3Y1I-gkieaWv58Xpzk0lgcAHdnCF8`
    await store.write(challengeDocument({ token }), token)
    assert.equal(await findToken(store, token), token)
    await store.remove(challengeDocument({ token }))
    assert.equal(await findToken(store, token), null)
  }
})

test('of many who make a document at once, one has made it', async () => {
  using folder = new Folder()
  const stores = Array.from({ length: 20 }, () => storeOf(folder))
  const made = await Promise.all(stores.map((store, i) => store.create('accounts/a', `by ${i}`)))
  assert.equal(made.filter(Boolean).length, 1)
  assert.equal(await stores[0]!.read('accounts/a'), `by ${made.indexOf(true)}`)
  assert.deepEqual(readdirSync(join(folder.path, 'shared', 'accounts')), ['a'])
})

test('of many who take a lease at once, one has it', async () => {
  using folder = new Folder()
  const stores = Array.from({ length: 20 }, () => storeOf(folder))
  const taken = await Promise.all(stores.map(store => store.lease('a')))
  assert.equal(taken.filter(lease => lease !== null).length, 1)
})

test('a lease that is released can be taken at once, and others are none of its business', async () => {
  using folder = new Folder()
  const [one, two] = [storeOf(folder), storeOf(folder)]
  const lease = await held(one)
  assert.equal(await two.lease('a'), null)
  const other = await two.lease('a.1')
  assert.notEqual(other, null)
  await lease.release()
  await held(two)
})

test('who says nothing for as long as a lease lasts has lost it, and learns of it', async () => {
  using folder = new Folder()
  const [mine, theirs] = [new FakeClock(), new FakeClock(5_000_000)]
  const [one, two] = [storeOf(folder, mine), storeOf(folder, theirs)]
  const lease = await held(one)
  assert.equal(await two.lease('a'), null)
  theirs.advance(LEASE_MS - 1)
  assert.equal(await two.lease('a'), null)
  theirs.advance(1)
  const taken = await held(two)
  assert.equal(lease.lost.aborted, false)
  mine.advance(LEASE_MS / 4)
  await lostNow(lease)
  await lease.release()
  assert.equal(await storeOf(folder).lease('a'), null, 'whoever has lost it frees nothing')
  await taken.release()
})

test('who lives keeps a lease, however long it takes', async () => {
  using folder = new Folder()
  const [mine, theirs] = [new FakeClock(), new FakeClock()]
  const [one, two] = [storeOf(folder, mine), storeOf(folder, theirs)]
  const lease = await held(one)
  const file = join(folder.path, 'shared', 'leases', 'a.1')
  for (let beat = 1; beat <= 8; beat++) {
    assert.equal(await two.lease('a'), null)
    const before = readFileSync(file, 'utf8')
    mine.advance(LEASE_MS / 4)
    await changed(file, before)
    theirs.advance(LEASE_MS - 1)
  }
  assert.equal(lease.lost.aborted, false)
  await lease.release()
})

test('what a crash has left of a lease is no lease for ever', async () => {
  using folder = new Folder()
  const clock = new FakeClock()
  const store = storeOf(folder, clock)
  await (await held(store)).release()
  const leases = join(folder.path, 'shared', 'leases')
  writeFileSync(join(leases, 'a.7'), '')
  assert.equal(await store.lease('a'), null)
  clock.advance(LEASE_MS)
  await held(store)
  assert.deepEqual(readdirSync(leases), ['a.8'])
})

async function held(store: FolderStore): Promise<Lease> {
  const lease = await store.lease('a')
  assert.ok(lease !== null)
  return lease
}

async function lostNow(lease: Lease): Promise<void> {
  while (!lease.lost.aborted) await turn()
}

async function changed(file: string, before: string): Promise<void> {
  while (readFileSync(file, 'utf8') === before) await turn()
}

function turn(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 5))
}
