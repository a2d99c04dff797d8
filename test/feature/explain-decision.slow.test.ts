import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { ofPetstore, ours, petstore } from '../support/petstore.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const policy = yamlOf(
  ours('AuthorizationPolicy', 'writers', {
    targetRefs: [ofPetstore],
    rules: [
      { name: 'readers', action: 'Allow', to: { operations: ['listPets'] } },
      { name: 'writers', action: 'Allow', from: { scopes: ['write'] }, to: { operations: ['createPet'] } },
    ],
  }),
)

test('explain says what a running gateway decides, spends nothing by it, and what cannot be known without one', async () => {
  await using upstream = await TestUpstream.start()
  const port = await freePort()
  using folder = new Folder({ 'site.yaml': petstore(port, upstream.port), 'who.yaml': policy })
  using data = new Folder()
  await using run = await RunProcess.start([folder.path], '--workers', '1', '--data', data.path)
  await run.started()
  const command = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await portcullis([...args, '--data', data.path])
    assert.equal(code, 0, stderr)
    return stdout
  }
  await command('accounts', 'create', 'acme')
  await command('apps', 'create', 'mobile', '--account', 'acme')
  await command('subscriptions', 'create', 'acme/mobile', 'pets', '--plan', 'free')
  const made = await command('keys', 'create', 'acme/mobile', '--scope', 'read', '-o', 'json')
  const { key } = JSON.parse(made) as { key: string }
  const url = `http://127.0.0.1:${port}/petstore/pets`
  const explain = async (method: string, ...args: string[]): Promise<string> => {
    const text = await command('explain', method, url, '-H', `X-API-Key: ${key}`, ...args)
    assert.ok(!text.includes(key))
    return text
  }
  const ask = async (): Promise<number> =>
    (await send(port, { path: '/petstore/pets', headers: { 'X-API-Key': key } })).status

  for (const left of [3, 2, 1]) {
    const text = await explain('GET', '--running')
    assert.match(text, /^ +operation: listPets$/m)
    assert.match(text, /^ +an API key in the header X-API-Key .*: accepted$/m)
    assert.match(text, /^ +application: acme\/mobile \([0-9a-f-]{36}\)$/m)
    assert.match(text, /^ +plan: default\/free$/m)
    assert.match(text, /^ +verdict: allowed by default\/writers: readers$/m)
    assert.match(
      text,
      new RegExp(`^ +monthly: .*, left ${left}, resetSeconds \\d+, renews 20..-..-01T00:00:00Z$`, 'm'),
    )
    assert.match(text, /^decision +no filter refuses it$/m)
    assert.equal(await ask(), 200)
  }
  assert.match(
    await explain('GET', '--running'),
    /^decision +answered 429 plan_quota_exceeded, .*: monthly\)$/m,
  )
  assert.equal(await ask(), 429)

  assert.match(
    await explain('POST', '--running'),
    /^decision +answered 403 insufficient_scope, .* without write\)$/m,
  )
  const json = await explain('POST', '--admin', `http://127.0.0.1:${run.admin}`, '-o', 'json').catch(String)
  // Without a token the listener tells who has accounts nothing; the socket is the operator's.
  assert.match(json, /401|403/)
  const { decision } = JSON.parse(await explain('POST', '--running', '-o', 'json')) as {
    decision: { outcome: string; refusal: { failure: string; status: number } }
  }
  assert.deepEqual(
    [decision.outcome, decision.refusal.failure, decision.refusal.status],
    ['refused', 'insufficient_scope', 403],
  )

  const offline = await explain('GET', folder.path)
  assert.match(offline, /^decision +not known here: whose the credential is only a running gateway knows$/m)
})
