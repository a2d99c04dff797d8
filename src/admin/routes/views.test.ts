import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inForceOf, seenOf } from '../../../test/support/in-force.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../../../test/support/resources.ts'
import { seenIn } from '../../../test/support/seen.ts'
import { AdminListener } from '../listener.ts'
import { AdminPaths } from '../paths.ts'
import type { Seen } from '../seen.ts'

const text = yamlOf(
  gateway(),
  backend('up', [9_000]),
  httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
)

async function listening(seen: Seen) {
  const admin = new AdminListener({ seen, paths: new AdminPaths(), metrics: () => Promise.resolve('') })
  const { port } = await admin.listen('127.0.0.1', 0)
  const ask = async (path: string, body?: object): Promise<readonly [status: number, text: string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...(body && {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    return [response.status, await response.text()]
  }
  return { ask, [Symbol.dispose]: () => admin.close() }
}

test('what is not there, and what cannot be asked, is told with what is expected', async () => {
  using admin = await listening(seenOf(inForceOf(text)))
  for (const [path, status, expected] of [
    ['/v1/rules/httproute%2Fdefault%2Fr%2F0', 200, /"id":"httproute\/default\/r\/0"/],
    [
      '/v1/rules/httproute%2Fdefault%2Fr%2F1',
      404,
      /there is no rule httproute\/default\/r\/1; \/v1\/rules has/,
    ],
    ['/v1/clusters/Backend%2Fdefault%2Fup', 200, /"name":"Backend\/default\/up"/],
    ['/v1/clusters/none', 404, /there is no cluster none/],
    ['/v1/objects/portcullis.dev/Backend/default/up', 200, /kind: Backend/],
    ['/v1/objects/core/Secret/default/up', 404, /there is no Secret\/default\/up/],
    ['/v1/rules?limit=0', 400, /limit/],
    ['/v1/rules?limit=1001', 400, /limit/],
    ['/v1/rules?colour=red', 400, /\\"colour\\" is not known/],
    ['/v1/problems?cursor=x', 422, /cursor is none, expected what an answer has as next/],
    ['/v1/problems?severity=bad', 400, /severity/],
    ['/v1/conditions?good=maybe', 400, /good/],
    ['/v1/conditions?good=false', 200, /"items":\[\]/],
  ] as const) {
    const [answered, said] = await admin.ask(path)
    assert.equal(answered, status, `${path}: ${said}`)
    assert.match(said, expected)
  }
})

test('a request that is none is not explained, and nothing of it is told', async () => {
  using admin = await listening(seenOf(inForceOf(text)))
  for (const [code, body, expected] of [
    [422, { method: 'G ET', url: 'http://a/' }, /method is none/],
    [422, { method: 'GET', url: '/bob:planted@x' }, /url is none, expected http:\/\/HOST/],
    [400, { method: 'GET' }, /url/],
    [400, { method: 'GET', url: 'http://a/', headers: { a: 'b' } }, /headers/],
  ] as const) {
    const [status, said] = await admin.ask('/v1/explain', body)
    assert.equal(status, code, said)
    assert.match(said, expected)
    assert.doesNotMatch(said, /planted/)
  }
})

test('before anything is in force, only the status is known', async () => {
  using admin = await listening(seenIn({ ready: () => false }))
  const [status, said] = await admin.ask('/v1/status')
  assert.equal(status, 200)
  assert.match(said, /"ready":false,"snapshot":null/)
  for (const path of ['topology', 'rules', 'clusters', 'objects', 'problems', 'conditions', 'certificates'])
    assert.deepEqual((await admin.ask(`/v1/${path}`))[0], 503, path)
})
