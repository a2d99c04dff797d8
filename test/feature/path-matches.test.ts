import assert from 'node:assert/strict'
import { test } from 'node:test'
import { echoOf, ruleOf, send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backend, exact, gateway, httpRoute, prefix, regex, tagged, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

type Row = readonly [path: string, met: string | number, seen?: string]

/** Path of the request; the rule it meets or the status it gets; the path that the upstream sees, where it is another. */
function table(name: string, rules: readonly object[], rows: readonly Row[]): void {
  test(name, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(
      yamlOf(gateway(), httpRoute('r', { rules }), backend('up', [upstream.port])),
    )
    for (const [path, met, seen = path] of rows) {
      const answer = await send(portcullis.port(), { path })
      assert.equal(ruleOf(answer), met, path)
      if (answer.status === 200) assert.equal(echoOf(answer).url, seen, path)
    }
  })
}

table(
  'an exact path is the whole path, in its case, whatever the query',
  [tagged('exact', exact('/items'))],
  [
    ['/items', 'exact'],
    ['/items?a=/items/', 'exact'],
    ['/items?', 'exact'],
    ['/items/', 404],
    ['/items/1', 404],
    ['/Items', 404],
    ['/item', 404],
    ['//items', 404],
  ],
)

table(
  'a prefix takes whole segments, and its last slash does not count',
  [tagged('a', prefix('/a')), tagged('b', prefix('/b/'))],
  [
    ['/a', 'a'],
    ['/a/', 'a'],
    ['/a/x/y', 'a'],
    ['/a?x', 'a'],
    ['/ab', 404],
    ['/A', 404],
    ['/b', 'b'],
    ['/b/', 'b'],
    ['/b/x', 'b'],
    ['/bb', 404],
    ['/', 404],
  ],
)

table(
  'a regular expression takes the whole path',
  [tagged('id', regex('/items/[0-9]+')), tagged('any', regex('/v[12]/.*'))],
  [
    ['/items/17', 'id'],
    ['/items/17?x=1', 'id'],
    ['/items/17/x', 404],
    ['/items/x', 404],
    ['/x/items/17', 404],
    ['/v1/', 'any'],
    ['/v2/a/b', 'any'],
    ['/v3/a', 404],
    ['/v1', 404],
  ],
)

// What is matched is what is forwarded: a rule on /admin must see every spelling of it, and no upstream another one.
table(
  'paths are brought to one form before they are matched, and are forwarded in it',
  [tagged('admin', prefix('/admin')), tagged('cafe', exact('/caf%c3%a9')), tagged('else', prefix('/'))],
  [
    ['/a/../admin', 'admin', '/admin'],
    ['/./admin/.', 'admin', '/admin/'],
    ['/x/%2e%2e/admin', 'admin', '/admin'],
    ['/x/%2E%2e/admin/y', 'admin', '/admin/y'],
    ['/x/.%2e/admin', 'admin', '/admin'],
    ['/%61dmin', 'admin', '/admin'],
    ['/%61%64%6d%69%6E', 'admin', '/admin'],
    ['/../../admin', 'admin', '/admin'],
    ['/admin/../public', 'else', '/public'],
    ['/admin/..', 'else', '/'],
    ['/public/..%2fadmin', 400],
    ['/public%2fadmin', 'else', '/public%2Fadmin'],
    ['/admin%2Fx', 'else', '/admin%2Fx'],
    ['/%2Fadmin', 'else', '/%2Fadmin'],
    ['//admin', 'else', '//admin'],
    ['/x//../admin', 'else', '/x/admin'],
    ['/admin;v=1', 'else', '/admin;v=1'],
    ['/admin%5cx', 'else', '/admin%5Cx'],
    ['/admin/%5C|', 'admin', '/admin/%5C%7C'],
    ['/caf%C3%A9', 'cafe', '/caf%C3%A9'],
    ['/caf%c3%a9', 'cafe', '/caf%C3%A9'],
    ['/a%20b', 'else', '/a%20b'],
    ['/~%7Euser', 'else', '/~~user'],
    ['/x?p=/../%2e%2e', 'else', '/x?p=/../%2e%2e'],
  ],
)

table(
  'a path that cannot be brought to one form is refused',
  [tagged('all', prefix('/'))],
  [
    ['/a\\b', 400],
    ['/..%5Cb', 400],
    ['/a%00', 400],
    ['/a%zz', 400],
    ['/a%2', 400],
    ['/a#b', 400],
    ['*', 400],
  ],
)

const slashes = (paths: object) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'ClientPolicy',
  metadata: { name: 'slashes' },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
    paths,
  },
})

for (const [paths, path, met, seen] of [
  [{ encodedSlash: 'reject' }, '/x%2Fadmin', 400, ''],
  [{ encodedSlash: 'unescape' }, '/x%2F..%2fadmin', 400, ''],
  [{ encodedSlash: 'unescape' }, '/admin%2fx', 'admin', '/admin/x'],
  [{ emptySegments: 'merge' }, '//admin', 'admin', '/admin'],
  [{ emptySegments: 'merge' }, '/x//../admin', 'admin', '/admin'],
] as const)
  test(`with ${JSON.stringify(paths)} ${path} meets ${met}`, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        slashes(paths),
        httpRoute('r', { rules: [tagged('admin', prefix('/admin')), tagged('else', prefix('/'))] }),
        backend('up', [upstream.port]),
      ),
    )
    const answer = await send(portcullis.port(), { path })
    assert.equal(ruleOf(answer), met)
    if (seen !== '') assert.equal(echoOf(answer).url, seen)
  })
