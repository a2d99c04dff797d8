import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { origin } from '../../test/support/exchange.ts'
import { FilterTable } from '../filters/compile.ts'
import type { FilterType } from '../filters/filter.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import { compileFaults } from './compile-faults.ts'

const type = (name: string, compile: FilterType['compile']): FilterType => ({
  type: name,
  role: 'management',
  phase: 'plan',
  describe: () => name,
  compile,
})

const table = new FilterTable([
  type('good', (_config, kit) => {
    // What a filter does when it is compiled, and translation must not.
    kit.keep('good/state', () => ({ drain() {} }))
    kit.counters('good').aim('key', '')
    kit.table('good').get('key')
    kit.clock.after(0, () => assert.fail('a timer of a trial'))
    return {}
  }),
  type('bad', () => {
    throw new Error('planted')
  }),
])

const policy = { ...origin, resource: 'KeyPolicy/shop/keys', group: 'portcullis.dev', path: 'spec.keys' }
const config = (name: string): FilterConfig => ({ type: name, origin: policy })

suite('filters that roles attach', () => {
  for (const [name, configs, faults] of [
    ['one that can be had', [config('good')], []],
    ['one that cannot', [config('good'), config('bad')], ['Error: planted']],
    ['one that nobody knows', [config('tomorrow')], ['Error: no filter of type "tomorrow" is known here']],
  ] as const)
    test(name, () => {
      const attach = configs.map(filter => ({ at: 'all' as const, filter }))
      const found = compileFaults([{ attach }, {}], table)
      assert.deepEqual(
        found.map(({ message }) => message),
        faults.map(fault => `spec.keys: cannot be compiled, and what it stands on answers 500: ${fault}`),
      )
      for (const { about, type: of, status } of found)
        assert.deepEqual(
          [about, of, status],
          [
            { group: 'portcullis.dev', kind: 'KeyPolicy', namespace: 'shop', name: 'keys' },
            'PartiallyInvalid',
            'True',
          ],
        )
    })

  test('one at many places has one condition', () => {
    const filter = config('bad')
    const attach = [
      { at: { listener: 'a/b/c' }, filter },
      { at: { route: 'httproute/a/b' }, filter },
    ]
    assert.equal(compileFaults([{ attach }], table).length, 1)
  })
})
