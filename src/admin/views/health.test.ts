import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ClusterHealth, EndpointHealth } from '../../upstream/health.ts'
import { endpointViews, healthAt } from './health.ts'

const at = (port: number, more: Partial<EndpointHealth> = {}): EndpointHealth => ({
  address: '10.0.0.1',
  port,
  state: (more.ejectedForMs ?? 0) > 0 ? 'ejected' : 'serving',
  reason: '',
  ejectedForMs: 0,
  failures: 0,
  failure: null,
  requestsPerS: 0,
  ...more,
})
const refused = (failures: number, ejectedForMs = 0) =>
  ({ failures, ejectedForMs, failure: 'connection_refused' }) as const
const told = (endpoints: readonly EndpointHealth[], names: ClusterHealth['names'] = []): ClusterHealth => ({
  cluster: 'a',
  panics: false,
  breaker: null,
  retries: null,
  endpoints,
  names,
})
const why = 'the backend refused the connection'

suite('of an endpoint the worst of what workers say is told', () => {
  for (const [what, answers, expected] of [
    ['all well', [[told([at(80)])], [told([at(80)])]], ['serving', null, null, 2, 2]],
    [
      'ejected by one, failing for another',
      [[told([at(80, refused(5, 3_000))])], [told([at(80, refused(1))])], [told([at(80)])]],
      ['ejected', `connection_refused, 5 times in a row: ${why}`, '1970-01-01T00:00:04.000Z', 1, 3],
    ],
    [
      'ejected by two, who take it back at different times',
      [[told([at(80, refused(5, 3_000))])], [told([at(80, refused(6, 9_000))])]],
      ['ejected', `connection_refused, 6 times in a row: ${why}`, '1970-01-01T00:00:10.000Z', 2, 2],
    ],
    [
      'the only one fails',
      [[told([at(80, refused(1))])], null],
      ['failing', `connection_refused, once: ${why}`, null, 1, 1],
    ],
    ['nobody has answered', [null, null], ['unknown', null, null, 0, 0]],
    ['a worker does not have it yet', [[told([])], [told([at(80)])]], ['unknown', null, null, 1, 2]],
  ] as const)
    test(what, () => {
      const [view] = endpointViews(
        'a',
        [{ address: '10.0.0.1', port: 80, weight: 1 }],
        healthAt(answers, 1_000),
      )
      assert.ok(view)
      assert.deepEqual([view.state, view.reason, view.until, view.says.workers, view.says.of], expected)
    })
})

test('where an endpoint runs, and its level, are told as they are declared', () => {
  const plain = { address: '10.0.0.1', port: 80, weight: 1 }
  const [near, unsaid] = endpointViews('a', [{ ...plain, zone: 'a', priority: 2 }, plain], healthAt([], 0))
  assert.deepEqual([near?.zone, near?.priority, unsaid?.zone, unsaid?.priority], ['a', 2, null, 0])
})

suite('of a name its addresses are told', () => {
  const name = { address: 'a.internal', port: 80, weight: 2 }
  const answered = (addresses: readonly string[]) =>
    [{ name: 'a.internal', state: 'good', reason: '', addresses }] as const
  for (const [what, health, expected] of [
    [
      'without an answer yet',
      told([], [{ name: 'a.internal', state: 'pending', reason: '', addresses: [] }]),
      ['resolving', null, []],
    ],
    [
      'without an address',
      told([], [{ name: 'a.internal', state: 'failed', reason: 'name_not_found', addresses: [] }]),
      ['unresolved', 'name_not_found', []],
    ],
    ['with one that serves', told([at(80)], answered(['10.0.0.1'])), ['serving', null, ['10.0.0.1 serving']]],
    [
      'with one that is ejected',
      told([at(80, refused(2, 10)), { ...at(80), address: '::1' }], answered(['10.0.0.1', '::1'])),
      [
        'ejected',
        `10.0.0.1:80: connection_refused, 2 times in a row: ${why}`,
        ['10.0.0.1 ejected', '::1 serving'],
      ],
    ],
  ] as const)
    test(what, () => {
      const [view] = endpointViews('a', [name], healthAt([[health]], 0))
      assert.ok(view)
      const resolved = view.resolved.map(one => `${one.address} ${one.state}`)
      assert.deepEqual([view.state, view.reason, resolved], expected)
    })
})

test('requests of an endpoint are those of all workers, and of all addresses of a name', () => {
  const name = {
    name: 'items.internal',
    state: 'good',
    reason: '',
    addresses: ['10.0.0.1', '10.0.0.2'],
  } as const
  const two = [at(80, { requestsPerS: 1.26 }), at(80, { address: '10.0.0.2', requestsPerS: 2 })]
  const declared = [
    { address: '10.0.0.1', port: 80, weight: 1 },
    { address: 'items.internal', port: 80, weight: 1 },
  ]
  const views = endpointViews('a', declared, healthAt([[told(two, [name])], [told(two, [name])], null], 0))
  assert.deepEqual(
    views.map(({ requestsPerS }) => requestsPerS),
    [2.5, 6.5],
  )
})

test('a thread of this process is asked for by its number, and no name', () => {
  const thread = { ...at(1), address: 'thread:7' }
  const [view] = endpointViews(
    'a',
    [{ address: 'thread:7', port: 1, weight: 1 }],
    healthAt([[told([thread])]], 1_000),
  )
  assert.equal(view!.state, 'serving')
})
