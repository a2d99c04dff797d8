import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileOrigins } from './origins.ts'

for (const [allowed, origin, expected] of [
  [['https://www.foo.com'], 'https://www.foo.com', true],
  [['https://www.foo.com'], 'http://www.foo.com', false],
  [['https://www.foo.com'], 'https://foo.com', false],
  [['https://www.foo.com'], 'https://www.foo.com.evil.example', false],
  [['https://www.foo.com'], 'https://www.foo.com:8443', false],
  [['https://WWW.foo.com'], 'https://www.foo.com', true],
  [['https://www.foo.com:443'], 'https://www.foo.com', true],
  [['https://www.foo.com'], 'https://www.foo.com:443', true],
  [['http://www.foo.com:80'], 'http://www.foo.com', true],
  [['http://www.foo.com:443'], 'http://www.foo.com', false],
  [['https://www.foo.com:8443'], 'https://www.foo.com:8443', true],
  [['https://www.foo.com', 'http://bar.com'], 'http://bar.com', true],
  [['https://*.bar.com'], 'https://www.bar.com', true],
  [['https://*.bar.com'], 'https://xpto.www.bar.com', true],
  [['https://*.bar.com'], 'https://bar.com', false],
  [['https://*.bar.com'], 'https://.bar.com', false],
  [['https://*.bar.com'], 'https://foobar.com', false],
  [['https://*.bar.com'], 'http://www.bar.com', false],
  [['https://*.bar.com'], 'https://www.bar.com:8443', false],
  [['https://*.bar.com'], 'https://www.bar.com:443', true],
  [['https://*.bar.com:8443'], 'https://www.bar.com:8443', true],
  [['https://*.bar.com:8443'], 'https://www.bar.com', false],
  [['https://*.bar.com'], 'https://evil.example/.bar.com', false],
  [['https://*.bar.com'], 'https://evil.example#.bar.com', false],
  [['https://*.bar.com'], 'https://evil.example:80@www.bar.com', false],
  [['https://*.bar.com'], 'https://a.bar.com, https://evil.example', false],
  [['https://*'], 'https://anything.example', true],
  [['https://*'], 'https://[2001:db8::1]', true],
  [['https://*'], 'http://anything.example', false],
  [['https://*'], 'https://anything.example:8443', false],
  [['https://*:8443'], 'https://anything.example:8443', true],
  [['https://*'], 'null', false],
  [['*'], 'null', true],
  [['*'], 'https://foobar.com:12345', true],
  [['https://www.foo.com'], 'null', false],
  [[], 'https://www.foo.com', false],
] as const)
  test(`[${allowed.join(' ')}] ${expected ? 'allows' : 'refuses'} ${origin}`, () => {
    assert.equal(compileOrigins(allowed)(origin), expected)
  })
