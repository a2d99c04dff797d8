import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleOf, send, type Asked } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backend, exact, gateway, httpRoute, prefix, regex, tagged, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

type Row = readonly [Asked, met: string | number]

const header = (name: string) => ({ name, value: '1' })
const all: Asked = { method: 'GET', path: '/p/q?q1=1&q2=1', headers: { h1: '1', h2: '1' } }

// HTTPRouteRule.matches: each step is against the last line of what came before it, within one route and across two.
for (const [step, winner, loser, rows] of [
  [
    'an exact path before a longer prefix and a regular expression',
    exact('/p'),
    regex('/p.*'),
    [
      [{ path: '/p' }, 'winner'],
      [{ path: '/px' }, 'loser'],
    ],
  ],
  [
    'the longer prefix',
    prefix('/p/q'),
    { path: { type: 'PathPrefix', value: '/p' }, method: 'GET', headers: [header('h1')] },
    [
      [all, 'winner'],
      [{ ...all, path: '/p/x' }, 'loser'],
    ],
  ],
  ['a regular expression before a prefix', regex('/p.*'), prefix('/p/q'), [[all, 'winner']]],
  [
    'a method before headers',
    { ...prefix('/p'), method: 'GET' },
    { ...prefix('/p'), headers: [header('h1'), header('h2')] },
    [
      [all, 'winner'],
      [{ ...all, method: 'DELETE' }, 'loser'],
    ],
  ],
  [
    'more headers',
    { ...prefix('/p'), headers: [header('h1'), header('h2')] },
    { ...prefix('/p'), headers: [header('h1')], queryParams: [header('q1'), header('q2')] },
    [
      [all, 'winner'],
      [{ ...all, headers: { h1: '1' } }, 'loser'],
    ],
  ],
  [
    'more query parameters',
    { ...prefix('/p'), queryParams: [header('q1'), header('q2')] },
    { ...prefix('/p'), queryParams: [header('q1')] },
    [
      [all, 'winner'],
      [{ ...all, path: '/p?q1=1' }, 'loser'],
    ],
  ],
] as const satisfies readonly (readonly [string, object, object, readonly Row[]])[])
  for (const [where, routes] of [
    ['in one route', [httpRoute('one', { rules: [tagged('loser', loser), tagged('winner', winner)] })]],
    [
      'across routes',
      [
        httpRoute('old', { rules: [tagged('loser', loser)] }),
        httpRoute('new', { rules: [tagged('winner', winner)] }),
      ],
    ],
  ] as const)
    test(`${step}, ${where}`, async () => {
      await using upstream = await TestUpstream.start()
      await using portcullis = await startGateway(
        yamlOf(gateway(), ...routes, backend('up', [upstream.port])),
      )
      for (const [asked, met] of rows)
        assert.equal(ruleOf(await send(portcullis.port(), asked)), met, JSON.stringify(asked))
    })

const dated = (name: string, creationTimestamp: string, tag: string) => {
  const route = httpRoute(name, { rules: [tagged(tag)] })
  return { ...route, metadata: { name, namespace: 'default', creationTimestamp } }
}

for (const [tie, routes] of [
  [
    'the older route',
    [dated('a', '2026-02-01T00:00:00Z', 'loser'), dated('b', '2026-01-01T00:00:00Z', 'winner')],
  ],
  [
    'of one age the first by name',
    [dated('b', '2026-01-01T00:00:00Z', 'loser'), dated('a', '2026-01-01T00:00:00Z', 'winner')],
  ],
  [
    'without dates the first by name, whichever was read first',
    [httpRoute('b', { rules: [tagged('loser')] }), httpRoute('a', { rules: [tagged('winner')] })],
  ],
  ['in one route the first rule', [httpRoute('a', { rules: [tagged('winner'), tagged('loser')] })]],
] as const)
  test(`a tie is won by: ${tie}`, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(yamlOf(gateway(), ...routes, backend('up', [upstream.port])))
    assert.equal(ruleOf(await send(portcullis.port())), 'winner')
  })

test('a more specific hostname comes before a more specific path', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('wild', { hostnames: ['*.example'], rules: [tagged('wild', exact('/p'))] }),
      httpRoute('exact', { hostnames: ['a.example'], rules: [tagged('exact')] }),
      backend('up', [upstream.port]),
    ),
  )
  assert.equal(ruleOf(await send(portcullis.port(), { path: '/p' })), 'exact')
  assert.equal(ruleOf(await send(portcullis.port(), { path: '/p', host: 'b.example' })), 'wild')
})
