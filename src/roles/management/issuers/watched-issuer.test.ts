import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { FakeClock } from '../../../../test/support/clock.ts'
import { IdentityProvider } from '../../../../test/support/identity-provider.ts'
import { Seen } from '../../../../test/support/until.ts'
import { setOwnListeners } from '../../../upstream/own-listeners.ts'
import { fetchKeys } from './fetch-keys.ts'
import { WatchedIssuer } from './watched-issuer.ts'

async function served(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

suite('keys of an issuer', () => {
  test('of a real provider, by its discovery document', async () => {
    await using provider = await IdentityProvider.start()
    const { keys } = await fetchKeys({ issuer: provider.issuer, jwksUri: null })
    assert.deepEqual(
      keys.map(({ kid, kty, d }) => ({ kid, kty, d })),
      [{ kid: 'one', kty: 'EC', d: undefined }],
    )
  })

  for (const [what, answer, expected] of [
    ['a document of another issuer', { issuer: 'https://evil.example', jwks_uri: 'x' }, /is of the issuer/],
    ['a document without a place of keys', { issuer: '' }, /does not say where keys are/],
    ['no JSON', '<html>', /answers no JSON/],
    ['a list', [], /answers no JSON object/],
    ['more than anybody needs', ' '.repeat(600_000), /answers more than/],
  ] as const)
    test(`${what} is refused`, async () => {
      await using server = await served((request, response) => {
        const issuer = `http://${request.headers.host ?? ''}`
        const body = typeof answer === 'string' ? answer : JSON.stringify(answer).replace('""', `"${issuer}"`)
        response.end(body)
      })
      await assert.rejects(fetchKeys({ issuer: server.url, jwksUri: null }), expected)
    })

  test('a redirect is not followed, and who is not there is told by the word of the system', async () => {
    await using server = await served((_, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    )
    await assert.rejects(fetchKeys({ issuer: server.url, jwksUri: `${server.url}/jwks` }), /answers 302/)
    const gone = server.url
    await server[Symbol.asyncDispose]()
    await assert.rejects(fetchKeys({ issuer: gone, jwksUri: `${gone}/jwks` }), /ECONNREFUSED/)
  })

  test('our own admin listener is not asked for them, whoever says that they are there', async () => {
    let asked = 0
    await using admin = await served((_, response) => void (asked++, response.end('{"keys":[]}')))
    const { port } = new URL(admin.url)
    setOwnListeners([{ address: '127.0.0.1', port: Number(port) }])
    try {
      await using server = await served((request, response) => {
        const issuer = `http://${request.headers.host ?? ''}`
        response.end(JSON.stringify({ issuer, jwks_uri: `http://localhost:${port}/v1/status` }))
      })
      for (const issuer of [
        { issuer: server.url, jwksUri: null },
        { issuer: server.url, jwksUri: `${admin.url}/v1/status` },
        { issuer: admin.url, jwksUri: null },
      ])
        await assert.rejects(fetchKeys(issuer), /the admin listener of this gateway/)
      assert.equal(asked, 0)
    } finally {
      setOwnListeners([])
    }
  })

  test('who says the rest very slowly has no more time than who says nothing', async () => {
    await using server = await served((_, response) => {
      const timer = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(timer))
    })
    const stopped = new AbortController()
    const fetching = fetchKeys({ issuer: server.url, jwksUri: server.url }, stopped.signal)
    stopped.abort(new Error('the end'))
    await assert.rejects(fetching, /: the end$/)
  })

  test('secrets and keys for encryption are no keys of signatures', async () => {
    const keys = [
      { kty: 'oct', k: 'x' },
      { kty: 'RSA', use: 'enc' },
      { kty: 'RSA', use: 'sig' },
      { kty: 'EC' },
      7,
    ]
    await using server = await served((_, response) => response.end(JSON.stringify({ keys })))
    const fetched = await fetchKeys({ issuer: server.url, jwksUri: server.url })
    assert.deepEqual(fetched.keys, [{ kty: 'RSA', use: 'sig' }, { kty: 'EC' }])
  })

  test('they are had once for all who ask at the same time, again in time, and at once after a failure', async () => {
    let status = 200
    let asked = 0
    await using server = await served((_, response) => {
      asked++
      response.writeHead(status, { 'cache-control': 'public, max-age=300' }).end('{"keys":[]}')
    })
    const clock = new FakeClock()
    const seen = new Seen<string>()
    const issuer = new WatchedIssuer({ issuer: server.url, jwksUri: server.url }, clock, {
      fetched: () => seen.push('fetched'),
      failed: () => seen.push('failed'),
    })
    await Promise.all([issuer.refresh(), issuer.refresh(), issuer.refresh()])
    await issuer.refresh()
    assert.equal(asked, 1)
    status = 500
    clock.advance(300_000)
    await seen.count(2)
    clock.advance(1_000)
    await seen.count(3)
    status = 200
    clock.advance(2_000)
    await seen.count(4)
    issuer.stop()
    assert.deepEqual(seen.all, ['fetched', 'failed', 'failed', 'fetched'])
  })
})
