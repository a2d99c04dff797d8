// Who tries to get more than a plan has, or to have others get less.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { anonymous, limitRow, planRow, quotaRow } from '../support/limit-rows.ts'
import { asked, LimitsNode, meet, product } from '../support/limits-node.ts'
import { send } from '../support/client.ts'
import { block, data, GET, headers, POST, rst } from '../support/http2/wire.ts'
import { Published } from '../support/published.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { RawClient } from '../support/raw.ts'
import { readBody, TestUpstream } from '../support/upstream.ts'

const AMOUNT = 30
const END_HEADERS = 4

/** Heads of HTTP/2 with this key. */
const heads = (method: typeof GET | typeof POST, key: string): Buffer => block(...method, 'x-api-key', key)

suite('a quota', () => {
  test('has no more than it has, however requests come, are broken off or never end; a neighbour has its own', async t => {
    const seen = new Map<string, number>()
    await using upstream = await TestUpstream.start((request, response) => {
      const who = String(request.headers['x-portcullis-application'])
      seen.set(who, (seen.get(who) ?? 0) + 1)
      readBody(request).then(
        () => response.end('ok'),
        () => {},
      )
    })
    const limits = [{ name: 'yearly', kind: 'Quota', amount: AMOUNT, per: 'Year' }]
    await using site = await Published.start(upstream.port, { limits })
    const { port } = site
    const neighbour = await site.subscriber('neighbour')
    let served = 0
    const attacks: Readonly<Record<string, (key: string) => Promise<void>>> = {
      'by four connections of HTTP/2, eighty streams each, a quarter of them reset': async key => {
        for (let i = 0; i < 4; i++) {
          const client = await RawHttp2Client.to(port)
          for (let id = 1; id < 160; id += 2)
            client.says(headers(id, heads(GET, key)), ...(id % 8 === 1 ? [rst(id, 8)] : []))
          await client.until(() => client.said.filter(line => /^DATA \d+ \d+ END/.test(line)).length >= 50)
          await client[Symbol.asyncDispose]()
        }
      },
      'by streams that are reset in the same write': async key => {
        await using client = await RawHttp2Client.to(port)
        for (let id = 1; id < 120; id += 2) client.says(headers(id, heads(GET, key)), rst(id, 8))
        client.says(headers(121, heads(GET, key)))
        await client.until(/^HEADERS 121/)
      },
      'by bodies of HTTP/2 that never end': async key => {
        await using client = await RawHttp2Client.to(port)
        for (let id = 1; id < 120; id += 2)
          client.says(headers(id, heads(POST, key), END_HEADERS), data(id, 'some'))
        await client.until(() => client.said.filter(line => line.startsWith('HEADERS')).length >= 60 - AMOUNT)
      },
      'by sixty requests in one write': async key => {
        await using client = await RawClient.to(port)
        client.write(`GET / HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key}\r\n\r\n`.repeat(60))
        await client.until(text => text.split('HTTP/1.1 ').length > 60)
      },
      'by requests that are broken off before their answers': async key => {
        for (let i = 0; i < 50; i++) {
          await using client = await RawClient.to(port)
          client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nX-API-Key: ${key}\r\n\r\nabc`)
        }
      },
      'by Expect: 100-continue, which is answered only to who has some left': async key => {
        const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nX-API-Key: ${key}\r\n\r\n`
        for (let i = 0; i < AMOUNT + 5; i++) {
          await using client = await RawClient.to(port)
          client.write(head)
          await client.until(/^HTTP\/1\.1 (100|429)/)
          assert.match(client.text, i < AMOUNT ? /^HTTP\/1\.1 100/ : /^HTTP\/1\.1 429/)
          client.write('abc')
          await client.until(/ 200 OK| 429 /)
        }
      },
      'by several keys of one application at the same time': async key => {
        const application = applications.get(key)!
        const keys = [key, await site.key(application), await site.key(application)]
        await Promise.all(
          Array.from({ length: 60 }, (_, i) => send(port, { headers: { 'X-API-Key': keys[i % 3]! } })),
        )
      },
    }
    const applications = new Map<string, string>()
    for (const [i, [what, attack]] of Object.entries(attacks).entries())
      await t.test(what, async () => {
        const { application, key } = await site.subscriber(`attacker-${i}`)
        applications.set(key, application)
        await attack(key)
        // Whatever is left of it is used up now.
        for (let status = 200; status === 200;)
          ({ status } = await send(port, { headers: { 'X-API-Key': key } }))
        const reached = seen.get(application) ?? 0
        assert.ok(reached <= AMOUNT, String(reached))
        const { status, headers: told } = await send(port, { headers: { 'X-API-Key': neighbour.key } })
        served++
        assert.equal(status, 200)
        assert.match(String(told['ratelimit']), new RegExp(`^"yearly";r=${AMOUNT - served};`))
      })
  })

  test('of addresses stays with those of one provider, who has as many as he likes', () => {
    const node = new LimitsNode()
    const limits = [quotaRow('yearly', 3), limitRow('burst', 2, { per: 'Hour', burst: 2 })]
    node.plans({ 'default/free': planRow(limits) })
    const plan = node.plan(product('pets', { anonymousPlan: 'default/free' }))
    const ask = (clientAddress: string): string => meet(asked(anonymous, 'get', { clientAddress }), plan)
    // All sites of a /32, one network of each and then another.
    for (let i = 0; i < 131_072; i++) ask(`2001:db8:${(i & 65_535).toString(16)}:${i >>> 16}::1`)
    const neighbours = Array.from({ length: 500 }, (_, i) => ask(`${1 + (i % 200)}.${i >> 2}.7.9`))
    assert.ok(neighbours.filter(one => one === '').length > 400, neighbours.join())
  })
})
