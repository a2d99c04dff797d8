import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { Example } from '../support/example.ts'

// What it tells people to try.
suite('the example of tokens', () => {
  let example: Example
  let issuer = ''

  before(async () => {
    example = await Example.start('jwt', ['--issuer', '0'])
    issuer = /takes tokens of (\S+)/.exec(example.output)?.[1] ?? ''
    assert.match(issuer, /^http:/, example.output)
  })

  after(async () => {
    await example.stop()
  })

  const token = async (scope: string): Promise<string> => {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('mobile:not-a-secret')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    })
    return ((await response.json()) as { access_token: string }).access_token
  }

  const ask = async (bearer: string | null, method = 'GET'): Promise<readonly [number, string]> => {
    const headers = {
      ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
      ...(method === 'GET' ? {} : { 'Content-Type': 'application/json' }),
    }
    const body = method === 'GET' ? {} : { body: '{"name":"Curie"}' }
    const answer = await send(example.gateway, { method, path: '/v1/pets', headers, ...body })
    return [answer.status, /"reason":"(\w+)"/.exec(answer.body)?.[1] ?? '']
  }

  test('nobody without a token, or with one that is none', async () => {
    assert.deepEqual(await ask(null), [401, 'authentication_required'])
    assert.deepEqual(await ask('a.b.c'), [401, 'token_invalid'])
  })

  test('scopes open operations', async () => {
    const [read, write] = [await token('read'), await token('write')]
    assert.deepEqual(await ask(read), [200, ''])
    assert.deepEqual(await ask(read, 'POST'), [403, 'insufficient_scope'])
    assert.deepEqual(await ask(write, 'POST'), [201, ''])
    assert.deepEqual(await ask(write), [403, 'insufficient_scope'])
  })

  test('its document says where tokens are had', async () => {
    const { body } = await send(example.gateway, { path: '/v1/openapi.json' })
    assert.ok(body.includes(`"openIdConnectUrl":"${issuer}/.well-known/openid-configuration"`), body)
  })
})
