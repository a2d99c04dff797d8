import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send, type Answer } from '../support/client.ts'
import { putKey, putPeppers } from '../support/credentials.ts'
import { subscriptionRow } from '../support/limit-rows.ts'
import { ofPetstore, ours, petstore } from '../support/petstore.ts'
import { freePort } from '../support/process.ts'
import { yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { TestUpstream } from '../support/upstream.ts'
import { APPLICATIONS, SUBSCRIPTIONS } from '../../src/roles/management/rows.ts'

const ofGateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }
const ids = { free: '0190b2c4-0000-7000-8000-0000000000f0', gold: '0190b2c4-0000-7000-8000-0000000000a0' }

const policy = (name: string, target: object, rules: readonly object[], more: object = {}): string =>
  yamlOf(ours('AuthorizationPolicy', name, { targetRefs: [target], rules, ...more }))

/** Applications `acme/free` and `acme/gold` with a key each, of which that of gold may also write. */
function record({ tables }: Served['workers']): { readonly free: string; readonly gold: string } {
  putPeppers(tables)
  const row = (name: string) => ({ name, account: 'a', accountName: 'acme' })
  tables.patch(APPLICATIONS, { put: Object.entries(ids).map(([name, id]) => [id, row(name)]) })
  const subscription = (name: 'free' | 'gold') => subscriptionRow(`s-${name}`, `default/${name}`)
  tables.patch(SUBSCRIPTIONS, {
    put: Object.entries(ids).map(([name, id]) => [
      `${id} default/pets`,
      { ...subscription(name as 'free' | 'gold') },
    ]),
  })
  const key = (name: 'free' | 'gold', scopes: readonly string[]) =>
    putKey(tables, { application: ids[name], credential: `c-${name}`, scopes }).text
  return { free: key('free', ['read']), gold: key('gold', ['read', 'write']) }
}

interface World {
  readonly served: Served
  /** `reason` of the problem, or the status. */
  ask(method: string, path: string, key?: string, headers?: Record<string, string>): Promise<string>
  answer(method: string, path: string, key?: string): Promise<Answer>
  readonly keys: ReturnType<typeof record>
}

async function world(policies: string, run: (world: World) => Promise<void>): Promise<void> {
  await using upstream = await TestUpstream.start()
  const port = await freePort()
  await using served = await Served.start({
    'site.yaml': petstore(port, upstream.port),
    'who.yaml': policies,
  })
  const keys = record(served.workers)
  const answer: World['answer'] = (method, path, key) =>
    send(port, { method, path, headers: key === undefined ? {} : { 'X-API-Key': key } })
  await run({
    served,
    keys,
    answer,
    async ask(method, path, key, headers = {}) {
      const { status, body } = await send(port, {
        method,
        path,
        headers: { ...(key !== undefined && { 'X-API-Key': key }), ...headers },
      })
      return status < 400 ? String(status) : String((JSON.parse(body) as { reason?: unknown }).reason)
    },
  })
}

suite('AuthorizationPolicy', () => {
  test('scope by scope: of the Gateway, and of the API', async () => {
    const policies = [
      policy('company', ofGateway, [
        { name: 'known', action: 'Allow', from: { principals: ['*'] } },
        { name: 'outside', action: 'Deny', from: { addresses: ['198.51.100.0/24'] } },
      ]),
      policy('writers', ofPetstore, [
        { name: 'readers', action: 'Allow', to: { operations: ['listPets', 'getPet'] } },
        { name: 'writers', action: 'Allow', from: { scopes: ['write'] }, to: { operations: ['createPet'] } },
      ]),
    ].join('\n---\n')
    await world(policies, async ({ ask, answer, keys: { free, gold } }) => {
      assert.equal(await ask('GET', '/petstore/pets', free), '200')
      assert.equal(await ask('GET', '/petstore/pets'), 'authentication_required')
      assert.equal(await ask('POST', '/petstore/pets', gold), '200')
      // Only the scope is missing, and that is said.
      const { status, headers } = await answer('POST', '/petstore/pets', free)
      assert.deepEqual(
        [status, headers['www-authenticate']],
        [403, 'Bearer error="insufficient_scope", scope="write"'],
      )
      // No rule of the API is about it, whatever the Gateway's says.
      assert.equal(await ask('DELETE', '/petstore/pets/1', gold), 'access_denied')
      // What a backend may take for another operation is none that is allowed.
      assert.equal(await ask('GET', '/petstore/pets%2Fpets', gold), 'access_denied')
      // A DENY of the Gateway counts more than what the API allows.
      const outside = { 'X-Forwarded-For': '198.51.100.7' }
      assert.equal(await ask('GET', '/petstore/pets', free, outside), 'access_denied')
    })
  })

  test('by plan and by application, which are known before anything is counted', async () => {
    const gold = { name: 'gold', action: 'Allow', from: { plans: ['gold'], products: ['pets'] } }
    await world(policy('gold', ofPetstore, [gold]), async ({ ask, served, keys }) => {
      for (let i = 0; i < 5; i++) assert.equal(await ask('GET', '/petstore/pets', keys.free), 'access_denied')
      assert.equal(await ask('GET', '/petstore/pets', keys.gold), '200')
      const named = { name: 'app', action: 'Deny', from: { applications: ['acme/gold'] } }
      await served.change('who.yaml', policy('gold', ofPetstore, [named]))
      assert.equal(await ask('GET', '/petstore/pets', keys.gold), 'access_denied')
      // Nothing was counted while it was denied: all three of the month are there.
      const answers = await Promise.all([1, 2, 3, 4].map(() => ask('GET', '/petstore/pets', keys.free)))
      assert.deepEqual(answers.toSorted(), ['200', '200', '200', 'plan_quota_exceeded'])
    })
  })

  test('a dry run counts what it would have denied, and denies nothing', async () => {
    const rules = [
      { name: 'nobody', action: 'Deny', to: { methods: ['GET'] } },
      { name: 'writers', action: 'Allow', from: { scopes: ['write'] } },
    ]
    await world(policy('tried', ofPetstore, rules, { dryRun: true }), async ({ ask, served, keys }) => {
      assert.equal(await ask('GET', '/petstore/pets', keys.free), '200')
      assert.equal(await ask('POST', '/petstore/pets', keys.gold), '200')
      const counted = served.metrics
        .render()
        .split('\n')
        .filter(line => line.startsWith('portcullis_authorization_total') && !line.endsWith(' 0'))
      assert.deepEqual(counted.toSorted(), [
        'portcullis_authorization_total{policy="default/tried",rule="",outcome="dry_run_denied"} 1',
        'portcullis_authorization_total{policy="default/tried",rule="nobody",outcome="dry_run_denied"} 1',
        'portcullis_authorization_total{policy="default/tried",rule="writers",outcome="dry_run_allowed"} 1',
      ])
    })
  })

  test('one that is broken, and never was in order, closes its API', async () => {
    const rules = [
      { name: 'late', action: 'Allow', when: [{ attribute: 'Time', operator: 'In', values: ['8'] }] },
    ]
    await world(policy('broken', ofPetstore, rules), async ({ ask, keys }) => {
      assert.equal(await ask('GET', '/petstore/pets', keys.gold), 'protection_missing')
    })
  })
})
