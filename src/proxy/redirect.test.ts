import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Redirect } from '../snapshot/rule.ts'
import { requestHead } from '../../test/support/head.ts'
import { compileRedirect } from './redirect.ts'

type Row = readonly [Partial<Redirect>, port: number, url: string, location: string]

// Scheme, host, path and port cases are those of Gateway API's conformance tests httproute-redirect-*.
const table: readonly Row[] = [
  [{}, 80, 'http://example.org/a', 'http://example.org/a'],
  [{ port: 80 }, 80, 'http://example.org/a', 'http://example.org/a'],
  [{ port: 8080 }, 80, 'http://example.org/a', 'http://example.org:8080/a'],
  [{ scheme: 'https' }, 80, 'http://example.org/a', 'https://example.org/a'],
  [{ scheme: 'https', port: 443 }, 80, 'http://example.org/a', 'https://example.org/a'],
  [{ scheme: 'https', port: 8443 }, 80, 'http://example.org/a', 'https://example.org:8443/a'],
  [{ scheme: 'https', port: 80 }, 80, 'http://example.org/a', 'https://example.org:80/a'],
  [{}, 8080, 'http://example.org/a', 'http://example.org:8080/a'],
  [{ port: 80 }, 8080, 'http://example.org/a', 'http://example.org/a'],
  [{ scheme: 'https' }, 8080, 'http://example.org/a', 'https://example.org/a'],
  [{ scheme: 'http' }, 8080, 'http://example.org/a', 'http://example.org/a'],
  [{}, 443, 'https://example.org/a', 'https://example.org/a'],
  [{ port: 443 }, 443, 'https://example.org/a', 'https://example.org/a'],
  [{ port: 8443 }, 443, 'https://example.org/a', 'https://example.org:8443/a'],
  [{ scheme: 'http' }, 443, 'https://example.org/a', 'http://example.org/a'],
  [{ scheme: 'http', port: 8080 }, 443, 'https://example.org/a', 'http://example.org:8080/a'],
  // The port of the Host header never counts, the listener's does.
  [{}, 80, 'http://example.org:31080/a', 'http://example.org/a'],
  [{ hostname: 'other.example' }, 80, 'http://example.org/a', 'http://other.example/a'],
  [{ hostname: 'other.example' }, 8080, 'http://example.org/a', 'http://other.example:8080/a'],
  [{}, 80, 'http://[2001:db8::1]:80/a', 'http://[2001:db8::1]/a'],
  [{}, 80, 'http://example.org/a?x=1&y=%20', 'http://example.org/a?x=1&y=%20'],
  [{ path: { type: 'full', value: '/new' } }, 80, 'http://example.org/a/b?x=1', 'http://example.org/new?x=1'],
  [
    { path: { type: 'prefix', prefix: '/a', value: '/new' } },
    80,
    'http://example.org/a/b?x=1',
    'http://example.org/new/b?x=1',
  ],
  [{ path: { type: 'prefix', prefix: '/a', value: '' } }, 80, 'http://example.org/a', 'http://example.org/'],
]

const redirect = (more: Partial<Redirect>): Redirect => ({
  type: 'redirect',
  scheme: null,
  hostname: null,
  path: null,
  port: null,
  status: 302,
  ...more,
})

for (const [config, port, url, location] of table)
  test(`${JSON.stringify(config)} on ${port}: ${url} → ${location}`, () => {
    const [, scheme = '', authority = '', path = '', query = ''] =
      /^(\w+):\/\/([^/]+)([^?]*)(.*)$/.exec(url) ?? []
    const answer = compileRedirect(redirect(config))(requestHead({ scheme, authority, path, query }), port)
    assert.deepEqual(answer, { status: 302, fields: ['Location', location], body: '' })
  })

for (const status of [301, 302, 303, 307, 308] as const)
  test(`status ${status}`, () => {
    assert.equal(compileRedirect(redirect({ status }))(requestHead(), 80).status, status)
  })

for (const [path, location] of [
  ['/a', '/a'],
  ['//evil.example/a', '/.//evil.example/a'],
] as const)
  test(`without a Host ${path} is answered by the reference ${location}`, () => {
    const head = requestHead({ authority: '', path, version: 10 })
    assert.deepEqual(compileRedirect(redirect({}))(head, 80).fields, ['Location', location])
  })

test('OPTIONS * has no path to go to', () => {
  const head = requestHead({ method: 'OPTIONS', path: '*' })
  assert.deepEqual(compileRedirect(redirect({}))(head, 80).fields, ['Location', 'http://example.com/'])
})
