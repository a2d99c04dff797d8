import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Ingress } from '../../../model/kinds/ingress.ts'
import { wholeMatch } from '../../../snapshot/regex.ts'
import { hasRegex, patternIn, patternMatch } from './closed-patterns.ts'

suite('what a pattern of another controller may take', () => {
  for (const [pattern, path, expected] of [
    ['/admin(/|$)(.*)', '/admin', true],
    ['/admin(/|$)(.*)', '/admin/users', true],
    ['/admin(/|$)(.*)', '/ADMIN/users', true],
    ['/admin(/|$)(.*)', '/administrator', false],
    ['/admin(/|$)(.*)', '/shop', false],
    ['/admin.*', '/administrator', true],
    ['/admin.*', '/adm', false],
    ['/admin', '/administrator', true],
    ['/admins?/x', '/admin/x', true],
    ['/admin/*', '/admin/x', true],
    ['/admin/{id}', '/admin/1', true],
    ['/adm[i]n', '/admin', true],
    ['/admin\\.php', '/admin.php', true],
    ['/~/admin/\\d+$', '/admin/1', true],
    ['/a|/b', '/b', true],
    ['/a(x)|/b', '/b', true],
    ['/a(x|y)', '/b', false],
    ['/(.*)', '/anything', true],
    ['/*', '/anything', true],
    ['/caf%c3%a9/(.*)', '/caf%C3%A9/x', true],
  ] as const)
    test(`${pattern} ${expected ? 'takes' : 'leaves'} ${path}`, () => {
      const { type, value } = patternMatch(pattern)
      if (type === 'prefix') assert.equal(value, '')
      assert.equal(type === 'prefix' || wholeMatch(value).test(path), expected)
    })

  for (const [path, pathType, annotations, expected] of [
    ['/admin(/|$)(.*)', 'ImplementationSpecific', {}, 'pattern'],
    ['/admin/*', 'Prefix', {}, 'pattern'],
    ['/~/admin', 'ImplementationSpecific', {}, 'pattern'],
    ['/admin', 'Prefix', {}, null],
    ['/a.b', 'Prefix', {}, null],
    ['/admin', 'Prefix', { 'nginx.ingress.kubernetes.io/use-regex': 'true' }, 'letters'],
    ['/admin', 'Prefix', { 'nginx.ingress.kubernetes.io/use-regex': 'false' }, null],
    ['/admin', 'Exact', { 'nginx.ingress.kubernetes.io/use-regex': 'true' }, null],
    ['/admin', 'Prefix', { 'nginx.ingress.kubernetes.io/rewrite-target': '/$2' }, 'letters'],
    ['/admin', 'Prefix', { 'nginx.org/path-regex': 'case_sensitive' }, 'letters'],
    ['/admin', 'Prefix', { 'haproxy-ingress.github.io/path-type': 'regex' }, 'letters'],
    ['/admin', 'Prefix', { 'haproxy-ingress.github.io/path-type': 'prefix' }, null],
  ] as const)
    test(`${pathType} ${path} with ${JSON.stringify(annotations)} ${expected === null ? 'is what it says' : `may be ${expected}`}`, () => {
      const ingress = { metadata: { annotations } } as unknown as Ingress
      assert.equal(patternIn({ path, pathType, backend: {} }, hasRegex(ingress)), expected)
    })
})
