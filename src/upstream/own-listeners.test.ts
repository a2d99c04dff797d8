import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { afterEach, suite, test } from 'node:test'
import { isOwn, setOwnListeners } from './own-listeners.ts'

const outward = Object.values(networkInterfaces())
  .flatMap(all => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')

suite('connections that would come to the admin listener', () => {
  afterEach(() => setOwnListeners([]))

  for (const [listened, address, expected] of [
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '::ffff:127.0.0.1', true],
    ['127.0.0.1', '::ffff:7f00:1', true],
    ['127.0.0.1', '0.0.0.0', true],
    ['127.0.0.1', '::ffff:0.0.0.0', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.1', '10.0.0.1', false],
    ['::1', '::1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::1', '::', true],
    ['0.0.0.0', '127.8.9.10', true],
    ['0.0.0.0', '192.0.2.1', false],
    ['::', '127.0.0.1', true],
    ['::', '::1', true],
    ['::', '::ffff:127.0.0.1', true],
    ['::', '2001:db8::1', false],
    ['fe80::1%eth0', 'fe80::1', true],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '127.0.0.1', false],
  ] as const)
    test(`listening on ${listened}, ${address} is ${expected ? '' : 'not '}our own`, () => {
      setOwnListeners([{ address: listened, port: 8900 }])
      assert.equal(isOwn(address, 8900), expected)
      assert.equal(isOwn(address, 8901), false)
    })

  test(
    'every address of the machine is, where it listens on all',
    { skip: outward === undefined && 'there is none but loopback' },
    () => {
      setOwnListeners([{ address: '::', port: 8900 }])
      assert.equal(isOwn(outward!.address, 8900), true)
      assert.equal(isOwn(`::ffff:${outward!.address}`, 8900), true)
    },
  )
})
