import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { systemClock } from '../../upstream/clock.ts'
import { defineGateway, http } from '../composition.ts'
import { Engine } from '../engine/engine.ts'
import type { Gateway } from '../routes/gateway.ts'
import { testGateway } from '../testing.ts'
import { WholeBody } from '../transport/whole-body.ts'
import type { BackendRequest, Transport } from '../transport/transport.ts'
import { RECORDED, type Fixture } from './fixture.ts'
import { Recorder } from './recorder.ts'
import { Secrets } from './secrets.ts'

suite('what is secret', () => {
  const secrets = new Secrets(['Token', 'pin'])

  for (const [what, given, left] of [
    ['a member', { token: 'a', name: 'b' }, { token: 'hidden', name: 'b' }],
    ['one of a list, by any case', [{ TOKEN: 'a' }], [{ TOKEN: 'hidden' }]],
    ['a number', { a: { pin: 7 } }, { a: { pin: 0 } }],
    ['a list or an object', { pin: [1], token: { a: 1 } }, { pin: [], token: {} }],
    ['nothing', { pin: null }, { pin: null }],
  ] as const)
    test(`${what} keeps its type`, () => assert.deepEqual(secrets.json(given), left))

  test('a parameter, however it is written', () => {
    assert.equal(
      secrets.target('/a?token=x&b=1&%74oken=y&pin'),
      '/a?token=hidden&b=1&%74oken=hidden&pin=hidden',
    )
    assert.equal(secrets.target('/token/pin'), '/token/pin')
  })

  test('fields of credentials, and those that are named', () => {
    const headers = {
      'set-cookie': 's=1',
      authorization: 'x',
      cookie: 'x',
      'x-api-key': 'x',
      token: 'x',
      etag: '"1"',
    }
    assert.deepEqual(secrets.fields(headers), { etag: '"1"' })
  })
})

const gateway = defineGateway({
  backends: { a: http({ url: 'http://a', relay: ['authorization'] }) },
  routes: r => [
    r.post('/{id}', {
      in: { query: T.Object({ token: T.Optional(T.String()) }), body: T.Object({ pin: T.Integer() }) },
      out: T.Object({ status: T.Integer(), said: T.String() }),
      async run({ c, params, query, body }) {
        const path = { id: params.id }
        const answer = await c.a.post('/things/{id}', { path, query: { token: query.token ?? 'none' }, body })
        return { status: answer.status, said: answer.text() }
      },
    }),
  ],
})

/** The fixtures of these requests, by an engine whose backend says what it was sent. */
async function recordedOf(
  asked: readonly { readonly target: string; readonly body: object }[],
): Promise<readonly Fixture[]> {
  const kept: Fixture[] = []
  const echo: Transport = {
    retries: true,
    send: ({ call, target, headers, body }: BackendRequest) =>
      Promise.resolve({
        status: 201,
        headers: { 'content-type': 'application/json', 'set-cookie': 's=secret', date: 'today', etag: '"1"' },
        body: new WholeBody(
          call,
          Buffer.from(
            JSON.stringify({
              target: target.replace(/\?.*/, ''),
              token: headers['authorization'],
              body: Buffer.from(body as Uint8Array).toString(),
            }),
          ),
        ),
      }),
  }
  const transport = new Recorder(echo, {
    backends: gateway.backends,
    secrets: new Secrets(['token', 'pin', 'body']),
    keep: fixture => kept.push(fixture),
    leave: (call, why) => assert.fail(`${call}: ${why}`),
  })
  const engine = new Engine(gateway as unknown as Gateway, { transport, clock: systemClock })
  for (const { target, body } of asked) {
    const { status } = await engine.answer({
      method: 'POST',
      target,
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
      body: (async function* () {
        yield await Promise.resolve(Buffer.from(JSON.stringify(body)))
      })(),
      signal: new AbortController().signal,
    })
    assert.equal(status, 200)
  }
  return kept
}

test('a fixture has what was asked and answered, and no secret', async () => {
  const [fixture] = await recordedOf([{ target: '/7?token=secret', body: { pin: 1234 } }])
  assert.deepEqual(fixture, {
    call: 'a POST /things/{id}',
    request: { method: 'POST', target: '/things/7?token=hidden', body: { json: { pin: 0 } } },
    answer: {
      status: 201,
      headers: { 'content-type': 'application/json', etag: '"1"' },
      body: { json: { target: '/things/7', token: 'hidden', body: 'hidden' } },
    },
  })
  assert.doesNotMatch(JSON.stringify(fixture), /secret|1234/)
})

test('a test is answered by fixtures, whatever is hidden in its requests', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-fixtures-'))
  try {
    const kept = await recordedOf([
      { target: '/7?token=secret', body: { pin: 1 } },
      { target: '/8', body: { pin: 1 } },
    ])
    mkdirSync(join(folder, 'a'))
    writeFileSync(join(folder, RECORDED), '{"hidden":["body","pin","token"]}')
    for (const [i, fixture] of kept.entries())
      writeFileSync(join(folder, `a/${i}.json`), JSON.stringify(fixture))
    await using t = await testGateway(gateway)
    t.replay(folder)
    const { body } = await t.post('/7?token=another', { body: { pin: 5 } }).expect(200)
    assert.deepEqual(body, {
      status: 201,
      said: '{"target":"/things/7","token":"hidden","body":"hidden"}',
    })
    // Of this there is none: a test must not go on as if there were.
    await assert.rejects(
      async () => await t.post('/9', { body: { pin: 5 } }),
      /no stub for a POST \/things\/\{id\} \(POST \/things\/9\?token=hidden/,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a folder without fixtures is none', async () => {
  await using t = await testGateway(gateway)
  assert.throws(() => t.replay('/nowhere'), /has no fixtures/)
})
