import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceKit } from '../../../test/support/service-kit.ts'
import { SharedTables } from '../../shared/tables.ts'
import { TableReader } from '../../shared/table.ts'
import { Consumers } from './consumers.ts'
import { APPLICATIONS, CREDENTIALS } from './rows.ts'
import type { Follower, LoadedApplication, LoadedCredential, Loader, Store } from './store/store.ts'

const application = (id: string): LoadedApplication => ({
  id,
  name: id,
  account: 'acme',
  status: 'active',
  accountName: 'acme',
  accountStatus: 'active',
})

const credential = (keyId: string, of: string): LoadedCredential => ({
  id: `credential-${keyId}`,
  application: of,
  account: 'acme',
  kind: 'api-key',
  keyId,
  hash: 'hash',
  pepper: 1,
  scopes: '',
  expires: null,
  notBefore: null,
})

/** What each reading of the store gives, in turn. */
class Readings {
  readonly all: ((loader: Loader) => Promise<void>)[]
  follower: Follower | null = null

  constructor(...all: ((loader: Loader) => Promise<void>)[]) {
    this.all = all
  }

  get store(): Store {
    const store: Pick<Store, 'load' | 'follow'> = {
      load: async loader => {
        await this.all.shift()!(loader)
        return 1
      },
      follow: (_, follower) => {
        this.follower = follower
        return { revision: 1, caughtUp: () => Promise.resolve(), close: () => Promise.resolve() }
      },
    }
    return store as Store
  }
}

test('a reading that is broken off takes nothing away, and the next whole one what is there no more', async () => {
  const tables = new SharedTables(new Uint8Array(16))
  const reader = new TableReader(tables.attach())
  const keys = reader.table(CREDENTIALS)
  const known = () => ['a', 'b', 'c'].filter(key => keys.get(`key ${key}`) !== undefined).join('')
  const readings = new Readings(
    async loader => {
      await loader.applications?.([application('shop'), application('web')])
      await loader.credentials?.([credential('a', 'shop'), credential('b', 'web')])
    },
    async loader => {
      await loader.applications?.([application('shop')])
      await loader.credentials?.([credential('c', 'shop')])
      throw new Error('the database has gone')
    },
    async loader => {
      await loader.applications?.([application('shop')])
      await loader.credentials?.([credential('c', 'shop'), credential('b', 'web')])
    },
  )
  const consumers = new Consumers(serviceKit({ tables }))
  await consumers.opened(readings.store)
  assert.equal(known(), 'ab')
  await assert.rejects(async () => readings.follower!.reset(2))
  assert.equal(known(), 'abc')
  await readings.follower!.reset(2)
  // One is gone, and the application of the other.
  assert.equal(known(), 'c')
  assert.equal(reader.table(APPLICATIONS).get('web'), undefined)
})
