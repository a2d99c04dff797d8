import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleOf, send, type Asked } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, tagged, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

type Row = readonly [Asked, met: string | number]

function table(name: string, rules: readonly object[], rows: readonly Row[]): void {
  test(name, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(
      yamlOf(gateway(), httpRoute('r', { rules }), backend('up', [upstream.port])),
    )
    for (const [asked, met] of rows)
      assert.equal(ruleOf(await send(portcullis.port(), asked)), met, JSON.stringify(asked))
  })
}

table(
  'a header is matched by its name in any case and its value in its case',
  [
    tagged('v2', { headers: [{ name: 'Version', value: '2' }] }),
    tagged('beta', { headers: [{ name: 'version', type: 'RegularExpression', value: '[0-9]+-beta' }] }),
  ],
  [
    [{ headers: { Version: '2' } }, 'v2'],
    [{ headers: { vErSiOn: '2' } }, 'v2'],
    [{ headers: { Version: '2, 2' } }, 404],
    [{ headers: { Version: '12-beta' } }, 'beta'],
    [{ headers: { Version: 'x12-beta' } }, 404],
    [{ headers: { Version: '12-Beta' } }, 404],
    [{ headers: { Version: '' } }, 404],
    [{}, 404],
  ],
)

table(
  'all headers of a match must hold, and any match of a rule',
  [
    tagged(
      'both',
      {
        headers: [
          { name: 'a', value: '1' },
          { name: 'b', value: '2' },
        ],
      },
      { headers: [{ name: 'c', value: '3' }] },
    ),
  ],
  [
    [{ headers: { a: '1', b: '2' } }, 'both'],
    [{ headers: { c: '3' } }, 'both'],
    [{ headers: { a: '1' } }, 404],
    [{ headers: { a: '1', b: '3' } }, 404],
  ],
)

table(
  'query parameters are matched decoded, by the first of a name, in their case',
  [
    tagged('red', { queryParams: [{ name: 'colour', value: 'red' }] }),
    tagged('cafe', { queryParams: [{ name: 'place', value: 'café noir' }] }),
    tagged('number', { queryParams: [{ name: 'n', type: 'RegularExpression', value: '[0-9]{1,3}' }] }),
    tagged('both', {
      queryParams: [
        { name: 'x', value: '1' },
        { name: 'y', value: '2' },
      ],
    }),
  ],
  [
    [{ path: '/?colour=red' }, 'red'],
    [{ path: '/?a=1&colour=red&b' }, 'red'],
    [{ path: '/?colour=red&colour=blue' }, 'red'],
    [{ path: '/?colour=blue&colour=red' }, 404],
    [{ path: '/?Colour=red' }, 404],
    [{ path: '/?colour=Red' }, 404],
    [{ path: '/?xcolour=red' }, 404],
    [{ path: '/?colour=%72ed' }, 'red'],
    [{ path: '/?c%6Flour=red' }, 'red'],
    [{ path: '/?place=caf%C3%A9%20noir' }, 'cafe'],
    // A plus is a plus in a URI; that it means a space is a convention of forms.
    [{ path: '/?place=caf%C3%A9+noir' }, 404],
    [{ path: '/?n=123' }, 'number'],
    [{ path: '/?n=1234' }, 404],
    [{ path: '/?n=' }, 404],
    [{ path: '/?y=2&x=1' }, 'both'],
    [{ path: '/?x=1' }, 404],
    [{ path: '/colour=red' }, 404],
  ],
)

table(
  'methods are matched as they are',
  [tagged('read', { method: 'GET' }), tagged('write', { method: 'POST' }, { method: 'PATCH' })],
  [
    [{ method: 'GET' }, 'read'],
    [{ method: 'POST', body: 'x' }, 'write'],
    [{ method: 'PATCH', body: 'x' }, 'write'],
    [{ method: 'DELETE' }, 404],
    [{ method: 'OPTIONS' }, 404],
  ],
)

table(
  'path, method, header and query of one match must all hold',
  [
    tagged('all', {
      path: { type: 'PathPrefix', value: '/p' },
      method: 'PUT',
      headers: [{ name: 'h', value: '1' }],
      queryParams: [{ name: 'q', value: '1' }],
    }),
  ],
  [
    [{ method: 'PUT', path: '/p/x?q=1', headers: { h: '1' } }, 'all'],
    [{ method: 'GET', path: '/p/x?q=1', headers: { h: '1' } }, 404],
    [{ method: 'PUT', path: '/x?q=1', headers: { h: '1' } }, 404],
    [{ method: 'PUT', path: '/p?q=2', headers: { h: '1' } }, 404],
    [{ method: 'PUT', path: '/p?q=1', headers: { h: '2' } }, 404],
  ],
)

test('a header that is repeated is matched as the list that it is', async () => {
  await using upstream = await TestUpstream.start()
  const rules = [tagged('list', { headers: [{ name: 'tag', value: 'a, b' }] })]
  await using portcullis = await startGateway(
    yamlOf(gateway(), httpRoute('r', { rules }), backend('up', [upstream.port])),
  )
  await using client = await RawClient.to(portcullis.port())
  client.write('GET / HTTP/1.1\r\nHost: a\r\nTag: a\r\nTag: b\r\n\r\n')
  assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 200 /)
})
