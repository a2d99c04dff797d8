import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestHead } from '../../../../test/support/head.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../../../../test/support/resources.ts'
import { Resources } from '../../../model/resources.ts'
import { parseResources } from '../../../../test/support/declared.ts'
import { explainRoute } from '../../../proxy/router/explain.ts'
import { translate } from '../../../../test/support/translate.ts'

const paths = ['/', '/a', '/a/b', '/ab', '/c'].flatMap(value => [
  { type: 'PathPrefix', value },
  { type: 'Exact', value },
])
const patterns = ['/.*', '/a/.*', '/a.*', '/.+', '/a/[a-z]+'].map(value => ({
  type: 'RegularExpression',
  value,
}))

const match = fc.record({
  path: fc.constantFrom(...paths, ...patterns),
  method: fc.constantFrom(undefined, 'GET', 'POST'),
  headers: fc.constantFrom(undefined, [{ name: 'x', value: '1' }], [{ name: 'x', value: '2' }]),
})
const routes = fc.array(
  fc.record({
    hostnames: fc.subarray(['a.example', 'b.example', '*.example']),
    rules: fc.array(fc.array(match, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 2, maxLength: 4 },
)

/** Every request that these matches can tell from others. */
const requests = ['/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '/c', '/d'].flatMap(path =>
  ['GET', 'POST', 'PUT'].flatMap(method =>
    ['1', '2', '3'].flatMap(x =>
      ['a.example', 'b.example', 'c.example', 'other'].map(authority =>
        requestHead({ authority, path, method, fields: ['x', x] }),
      ),
    ),
  ),
)

// explainRoute is held to what the data plane does by a property of its own.
test('no request reaches what is said to be reached by none', () => {
  let told = 0
  fc.assert(
    fc.property(routes, list => {
      const yaml = yamlOf(
        gateway(),
        backend('up', [9000]),
        ...list.map(({ hostnames, rules }, i) =>
          httpRoute(`r${i}`, {
            hostnames,
            rules: rules.map(matches => ({ matches, backendRefs: [to('up')] })),
          }),
        ),
      )
      const { resources, problems } = parseResources('a.yaml', yaml)
      assert.deepEqual(problems, [])
      const { parts, problems: doubts } = translate(Resources.of(resources))
      const listeners = parts.ports.flatMap(port => port.listeners)
      const reached = new Set(
        requests.flatMap(head => {
          const { hit } = explainRoute(listeners, head)
          return hit === null ? [] : [hit.entry.rule.id]
        }),
      )
      for (const { reason, resource, path } of doubts) {
        if (reason !== 'Shadowed' && reason !== 'RuleShadowed') continue
        told++
        const prefix = `httproute/default/${resource?.name ?? ''}/${reason === 'Shadowed' ? '' : String(path[2])}`
        for (const id of reached)
          assert.ok(reason === 'Shadowed' ? !id.startsWith(prefix) : id !== prefix, id)
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(told > 20, `${told} of 200`)
})
