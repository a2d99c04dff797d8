import assert from 'node:assert/strict'
import { test } from 'node:test'
import { otherReading } from './readings.ts'

for (const [path, other] of [
  ['/', null],
  ['/a/b', null],
  ['/a/', null],
  ['*', null],
  ['/a%20b', null],
  ['/a%2Fb', '/a/b'],
  ['/a%5cb', '/a/b'],
  ['//admin', '/admin'],
  ['/a//b/', '/a/b/'],
  ['/admin;x=1', '/admin'],
  ['/admin;x=1/y', '/admin/y'],
  ['/health/..;/admin', '/admin'],
  ['/health/..;a=b/admin', '/admin'],
  ['/a/.;/b', '/a/b'],
  ['/..;/..;/a', '/a'],
  ['/a/..;', '/'],
  ['/a;', '/a'],
  [';', '/'],
] as const)
  test(`${path} may be read as ${other ?? 'nothing else'}`, () => {
    assert.equal(otherReading(path), other)
  })
