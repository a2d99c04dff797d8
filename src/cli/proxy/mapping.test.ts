import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { UsageError } from '../command/flag.ts'
import { readListen, readMapping } from './mapping.ts'

suite('where it listens', () => {
  for (const [text, scheme, address, port] of [
    [':8080', 'http', '', 8080],
    ['127.0.0.1:8080', 'http', '127.0.0.1', 8080],
    ['[::1]:80', 'http', '::1', 80],
    ['http://:8080', 'http', '', 8080],
    ['https://:8443', 'https', '', 8443],
    ['https://[::1]:8443/', 'https', '::1', 8443],
  ] as const)
    test(text, () => assert.deepEqual(readListen(text), { scheme, address, port }))

  for (const text of ['8080', ':0', ':65536', 'shop.localhost:80', '::1:80', 'ftp://:21', ':8080/x', ''])
    test(`not ${JSON.stringify(text)}`, () => assert.throws(() => readListen(text), UsageError))

  for (const [text, expected] of [
    ['https://Shop.localhost', /or https:\/\/:8443; a host goes before its BACKEND: shop\.localhost=:9000$/],
    ['localhost:8080', /; a host goes before its BACKEND: localhost=:9000$/],
    ['8080', /or https:\/\/:8443$/],
    ['10.0.0.7:99999', /or https:\/\/:8443$/],
  ] as const)
    test(`says of ${text} what to write`, () => assert.throws(() => readListen(text), expected))
})

const local = (...ports: number[]) => ports.map(port => ({ address: '127.0.0.1', port }))

suite('what goes where', () => {
  for (const [text, host, path, protocol, endpoints, prefix] of [
    ['shop.localhost=:9000', 'shop.localhost', '/', 'http', local(9000), ''],
    ['Shop.Example.=:9000', 'shop.example', '/', 'http', local(9000), ''],
    ['/api=http://10.0.0.7:9001', '', '/api', 'http', [{ address: '10.0.0.7', port: 9001 }], ''],
    ['/api/=:9000', '', '/api', 'http', local(9000), ''],
    ['*.shop.example/a/b=:9000', '*.shop.example', '/a/b', 'http', local(9000), ''],
    [':9000', '', '/', 'http', local(9000), ''],
    ['=:9000', '', '/', 'http', local(9000), ''],
    ['*/api=:9000', '', '/api', 'http', local(9000), ''],
    ['http://api.example', '', '/', 'http', [{ address: 'api.example', port: 80 }], ''],
    ['/=http://api.example', '', '/', 'http', [{ address: 'api.example', port: 80 }], ''],
    ['https://api.example/v1', '', '/', 'https', [{ address: 'api.example', port: 443 }], '/v1'],
    ['/x=https://api.example:8443/', '', '/x', 'https', [{ address: 'api.example', port: 8443 }], '/'],
    ['grpc.localhost=h2c://:50051', 'grpc.localhost', '/', 'h2c', local(50051), ''],
    ['/=:9000,:9001', '', '/', 'http', local(9000, 9001), ''],
    ['/=[::1]:9000', '', '/', 'http', [{ address: '::1', port: 9000 }], ''],
  ] as const)
    test(text, () =>
      assert.deepEqual(readMapping(text), { host, path, target: { protocol, endpoints, prefix } }),
    )

  for (const [text, expected] of [
    ['shop.localhost', /"shop\.localhost" in "shop\.localhost" is no backend/],
    ['shop.localhost=', /is no backend/],
    ['shop.localhost=9000', /"9000" .*is no backend/],
    ['shop_1=:9000', /begins with no host or path/],
    ['shop.localhost:8080=:9000', /the port is that of LISTEN/],
    ['a.*.b=:9000', /begins with no host or path/],
    ['/api/*=:9000', /a prefix needs no "\*"/],
    ['/a/../b=:9000', /is no path prefix/],
    ['/a//b=:9000', /is no path prefix/],
    ['/=ftp://h', /is no backend/],
    ['/=http://user@h', /is no backend/],
    ['/=:99999', /is no backend/],
    ['/=api.example', /is no backend/],
    ['/=http://*.h', /is no backend/],
    ['/=http://h/a?b', /is no backend/],
  ] as const)
    test(`not ${text}`, () => assert.throws(() => readMapping(text), expected))
})
