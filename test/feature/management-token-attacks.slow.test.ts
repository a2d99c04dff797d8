// Who issues tokens, and who brings them, against a gateway that runs; a neighbour with another issuer is served.
import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { suite, test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { HostileIssuer } from '../support/hostile-issuer.ts'
import { ours, Published } from '../support/published.ts'
import { yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'
import { send, type Answer } from '../support/client.ts'

const policy = (...credentials: readonly object[]): object =>
  ours('AuthenticationPolicy', 'tokens', {
    targetRefs: [{ group: 'portcullis.dev', kind: 'API', name: 'pets' }],
    credentials,
  })

const bring = (port: number, token: string, from?: string): Promise<Answer> =>
  send(port, { headers: { Authorization: `Bearer ${token}` }, ...(from !== undefined && { from }) })

const reasonOf = ({ body }: Answer): string => /"reason":"(\w+)"/.exec(body)?.[1] ?? ''

const again = (write: string, everyMs: number): RequestListener => {
  return (_, response) => {
    const timer = setInterval(() => response.write(write), everyMs)
    response.on('close', () => clearInterval(timer))
  }
}

/** What it does in place of telling its keys, and what the log says of that. */
const misdeeds: readonly (readonly [what: string, misdeed: RequestListener, told: RegExp])[] = [
  ['it says nothing', () => {}, /no answer within/],
  ['it says a byte now and then', again(' ', 100), /no answer within/],
  ['it has no end', again('x'.repeat(65_536), 1), /more than \d+ bytes/],
  ['it has a page for people', (_, response) => void response.end('<html>'), /no JSON/],
  [
    'it sends elsewhere',
    (_, response) => void response.writeHead(302, { location: '/' }).end(),
    /answers 302/,
  ],
  ['it breaks off', (_, response) => void response.socket?.destroy(), /ECONNRESET|hang up/],
]

suite('issuers of tokens', () => {
  test('that do not tell their keys hold up nobody else, and refuse nobody as a stranger', async t => {
    await using upstream = await TestUpstream.start()
    await using evil = await HostileIssuer.start()
    await using good = await HostileIssuer.start()
    await using site = await Published.start(upstream.port, {
      limits: [],
      more: [policy(good.credential, evil.credential)],
    })
    const { application } = await site.subscriber('shop')
    for (const { issuer } of [good, evil]) await site.recordClient(application, issuer, 'shop')
    assert.equal((await bring(site.port, await good.token())).status, 200)
    for (const [i, [what, misdeed, told]] of misdeeds.entries())
      await t.test(what, async () => {
        evil.misdeed = misdeed
        const asked = evil.asked
        // Under another name of its keys they are asked for anew, and none are known.
        const { jwt } = evil.credential as { readonly jwt: object }
        const elsewhere = { jwt: { ...jwt, jwksUri: `${evil.issuer}/${i}` } }
        site.files.write('more.yaml', yamlOf(policy(good.credential, elsewhere)))
        while (evil.asked === asked) await later(5)
        const strangers = Array.from({ length: 40 }, async (_, n) =>
          bring(site.port, await evil.token({ jti: `${i} ${n}` })),
        )
        const neighbour = await bring(site.port, await good.token({ jti: String(i) }), '127.0.0.2')
        assert.equal(neighbour.status, 200, neighbour.body)
        for (const answer of await Promise.all(strangers))
          assert.deepEqual([answer.status, reasonOf(answer)], [503, 'issuer_unavailable'])
        await site.process.event('issuer.unavailable', line => told.test(String(line['message'])))
      })
  })

  test('are asked once for hundreds of keys that nobody knows, and others come in meanwhile', async () => {
    await using upstream = await TestUpstream.start()
    await using issuer = await HostileIssuer.start()
    await using site = await Published.start(upstream.port, { limits: [], more: [policy(issuer.credential)] })
    const { application } = await site.subscriber('shop')
    await site.recordClient(application, issuer.issuer, 'shop')
    assert.equal((await bring(site.port, await issuer.token())).status, 200)
    const asked = issuer.asked
    let left = 300
    const told = new Map<string, number>()
    const stranger = async (): Promise<void> => {
      while (left-- > 0) {
        const kid = left % 2 === 0 ? `unknown ${left}` : `../${"' or 1=1 --".repeat(400)} ${left}`
        const answer = await bring(site.port, await issuer.token({}, { kid }))
        const said = `${answer.status} ${reasonOf(answer)}`
        told.set(said, (told.get(said) ?? 0) + 1)
      }
    }
    const storm = Promise.all(Array.from({ length: 20 }, stranger))
    for (let i = 0; i < 20; i++)
      assert.equal((await bring(site.port, await issuer.token({ jti: `n${i}` }), '127.0.0.2')).status, 200)
    await storm
    // On a machine that does much else some are turned away before anybody reads their tokens.
    const {
      '401 token_invalid': invalid = 0,
      '503 proxy_overloaded': shed = 0,
      ...others
    } = Object.fromEntries(told)
    assert.deepEqual(others, {})
    assert.ok(invalid > shed, `${invalid} refused, ${shed} turned away`)
    assert.ok(issuer.asked - asked <= 10, String(issuer.asked - asked))
  })

  test('that are our own admin listener are never asked', async () => {
    await using upstream = await TestUpstream.start()
    await using site = await Published.start(upstream.port, { limits: [] })
    for (const where of [
      'http://127.0.0.1',
      'http://localhost',
      'https://0.0.0.0',
      'https://[::ffff:127.0.0.1]',
    ]) {
      const issuer = `${where}:${site.process.admin}`
      const credential = { jwt: { issuer, jwksUri: `${issuer}/v1/status`, audiences: ['pets'] } }
      site.files.write('more.yaml', yamlOf(policy(credential)))
      const line = await site.process.event('issuer.unavailable', one => one['issuer'] === issuer)
      assert.match(String(line['message']), /: the admin listener of this gateway$/)
    }
  })
})
