import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ruleOf, send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, tagged, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

/** Each row: Host of the request, and the rule that it meets or the status it gets. */
type Rows = readonly (readonly [host: string, met: string | number])[]

async function check(objects: (port: number) => readonly object[], rows: Rows): Promise<void> {
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(
    yamlOf(...objects(upstream.port), backend('up', [upstream.port])),
  )
  for (const [host, met] of rows)
    assert.equal(ruleOf(await send(portcullis.port(), { host })), met, `Host: ${host}`)
}

suite('hostnames', () => {
  test('a name is taken as a whole, in any case, with any port and with the dot of an absolute name', () =>
    check(
      () => [gateway(), httpRoute('shop', { hostnames: ['shop.example'], rules: [tagged('shop')] })],
      [
        ['shop.example', 'shop'],
        ['SHOP.Example', 'shop'],
        ['shop.example:80', 'shop'],
        ['shop.example:8443', 'shop'],
        ['shop.example.', 'shop'],
        ['www.shop.example', 404],
        ['myshop.example', 404],
        ['shop.example.org', 404],
        ['127.0.0.1', 404],
      ],
    ))

  test('a wildcard takes any number of labels, and not the name itself', () =>
    check(
      () => [gateway(), httpRoute('all', { hostnames: ['*.shop.example'], rules: [tagged('wild')] })],
      [
        ['a.shop.example', 'wild'],
        ['a.b.shop.example:8080', 'wild'],
        ['shop.example', 404],
        ['ashop.example', 404],
        ['a.shop.example.org', 404],
      ],
    ))

  test('the most specific name wins: exact, the longer wildcard, the shorter, none', () =>
    check(
      () => [
        gateway(),
        httpRoute('none', { rules: [tagged('none')] }),
        httpRoute('short', { hostnames: ['*.example'], rules: [tagged('short')] }),
        httpRoute('long', { hostnames: ['*.shop.example'], rules: [tagged('long')] }),
        httpRoute('exact', { hostnames: ['a.shop.example'], rules: [tagged('exact')] }),
      ],
      [
        ['a.shop.example', 'exact'],
        ['b.shop.example', 'long'],
        ['b.a.shop.example', 'long'],
        ['shop.example', 'short'],
        ['example', 'none'],
        ['other.test', 'none'],
        ['[::1]:8080', 'none'],
      ],
    ))

  test('a request that no rule of the most specific name takes falls to the next name', () =>
    check(
      () => [
        gateway(),
        httpRoute('wild', { hostnames: ['*.example'], rules: [tagged('wild')] }),
        httpRoute('exact', { hostnames: ['a.example'], rules: [tagged('exact', prefix('/only'))] }),
      ],
      [
        ['a.example', 'wild'],
        ['b.example', 'wild'],
      ],
    ))

  test('what listener and route both take is what is served', () =>
    check(
      () => [
        gateway([{ name: 'http', hostname: '*.shop.example' }]),
        httpRoute('mixed', {
          hostnames: ['a.shop.example', '*.b.shop.example', '*.example', 'other.test'],
          rules: [tagged('mixed')],
        }),
      ],
      [
        ['a.shop.example', 'mixed'],
        ['x.b.shop.example', 'mixed'],
        // *.example and *.shop.example have *.shop.example in common.
        ['c.shop.example', 'mixed'],
        ['shop.example', 404],
        ['a.example', 404],
        ['other.test', 404],
      ],
    ))

  test('a route without hostnames takes those of the listener', () =>
    check(
      () => [
        gateway([{ name: 'http', hostname: 'a.example' }]),
        httpRoute('all', { rules: [tagged('all')] }),
      ],
      [
        ['a.example', 'all'],
        ['b.example', 404],
      ],
    ))
})

suite('listeners that share a port', () => {
  const listeners = [
    { name: 'any' },
    { name: 'wild', hostname: '*.example' },
    { name: 'exact', hostname: 'a.example' },
  ]
  const on = (sectionName: string, rule: object, name = sectionName) =>
    httpRoute(name, { parentRefs: [{ name: 'gw', sectionName }], rules: [rule] })

  test('a request meets the most specific listener', () =>
    check(
      () => [
        gateway(listeners),
        on('any', tagged('any')),
        on('wild', tagged('wild')),
        on('exact', tagged('exact')),
      ],
      [
        ['a.example', 'exact'],
        ['b.example', 'wild'],
        ['b.a.example', 'wild'],
        ['example', 'any'],
        ['127.0.0.1', 'any'],
      ],
    ))

  test('and no other: what it does not take is not found, whatever the others would take', () =>
    check(
      () => [gateway(listeners), on('any', tagged('any')), on('exact', tagged('exact', prefix('/only')))],
      [
        ['a.example', 404],
        ['b.example', 404],
        ['other.test', 'any'],
      ],
    ))

  test('a route of all listeners is served by each, under the names of each', () =>
    check(
      () => [
        gateway([
          { name: 'one', hostname: 'one.example' },
          { name: 'two', hostname: '*.two.example' },
        ]),
        httpRoute('both', { rules: [tagged('both')] }),
      ],
      [
        ['one.example', 'both'],
        ['a.two.example', 'both'],
        ['two.example', 404],
      ],
    ))
})

test('listeners on several ports have their routes apart', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(
    yamlOf(
      gateway([{ name: 'one' }, { name: 'two', port: 81 }]),
      httpRoute('one', { parentRefs: [{ name: 'gw', port: 80 }], rules: [tagged('one')] }),
      httpRoute('two', { parentRefs: [{ name: 'gw', sectionName: 'two' }], rules: [tagged('two')] }),
      backend('up', [upstream.port]),
    ),
  )
  assert.equal(ruleOf(await send(portcullis.port(80))), 'one')
  assert.equal(ruleOf(await send(portcullis.port(81))), 'two')
})

test('the host of an absolute-form target counts, not the Host field', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('a', { hostnames: ['a.example'], rules: [tagged('a')] }),
      httpRoute('b', { hostnames: ['b.example'], rules: [tagged('b')] }),
      backend('up', [upstream.port]),
    ),
  )
  await using client = await RawClient.to(portcullis.port())
  client.write('GET http://A.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n')
  const text = await client.until(/\}$/)
  assert.match(text, /"X-Rule","a"/i)
  assert.match(text, /"Host","A\.example"/i)
})
