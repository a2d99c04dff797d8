import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, origin } from '../../test/support/exchange.ts'
import { kit } from '../../test/support/kit.ts'
import { urlRewrite, type UrlRewriteConfig } from './url-rewrite.ts'

const table: readonly [string, Pick<UrlRewriteConfig, 'hostname' | 'path'>, string][] = [
  ['nothing', { hostname: null, path: null }, 'shop.example:8080 /items/1?a=b'],
  ['hostname', { hostname: 'items.internal', path: null }, 'items.internal /items/1?a=b'],
  [
    'prefix',
    { hostname: null, path: { type: 'prefix', prefix: '/items', value: '/v1' } },
    'shop.example:8080 /v1/1?a=b',
  ],
  ['full path', { hostname: null, path: { type: 'full', value: '/one' } }, 'shop.example:8080 /one?a=b'],
  [
    'both',
    { hostname: 'b.example', path: { type: 'prefix', prefix: '/items', value: '' } },
    'b.example /1?a=b',
  ],
]

for (const [name, config, expected] of table)
  test(`rewrites ${name}; the query is kept`, () => {
    const x = exchange({ authority: 'shop.example:8080', path: '/items/1', query: '?a=b' })
    assert.equal(
      urlRewrite.compile({ type: 'url-rewrite', origin, ...config }, kit()).request?.(x),
      undefined,
    )
    const { authority, hostname, path, query } = x.request
    assert.equal(`${authority} ${path}${query}`, expected)
    assert.equal(hostname, authority.replace(':8080', ''))
  })
