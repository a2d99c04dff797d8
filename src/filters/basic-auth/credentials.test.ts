import assert from 'node:assert/strict'
import { test } from 'node:test'
import { challenge, readCredentials } from './credentials.ts'

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

for (const [value, user, password] of [
  [basic('ada:secret'), 'ada', 'secret'],
  [basic('ada:'), 'ada', ''],
  [basic(':secret'), '', 'secret'],
  [basic('ada:a:b'), 'ada', 'a:b'],
  [basic('ädä:sécret'), 'ädä', 'sécret'],
  [basic('ada:secret').replace('Basic', 'bASIC  '), 'ada', 'secret'],
] as const)
  test(`${value} is ${user} with ${password}`, () =>
    assert.deepEqual(readCredentials(value), { user, password }))

for (const value of [
  '',
  'Basic',
  'Basic ',
  basic('ada'),
  basic('ada:se\ncret'),
  basic('a\u0000da:secret'),
  `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`,
  'Bearer YWRhOnNlY3JldA==',
  `${basic('ada:secret')}, ${basic('bob:secret')}`,
  'Basic YWRh OnNl',
  'Basic ****',
])
  test(`${JSON.stringify(value)} is nobody's`, () => assert.equal(readCredentials(value), null))

test('a realm is a quoted-string', () =>
  assert.equal(challenge('a "b" \\'), 'Basic realm="a \\"b\\" \\\\", charset="UTF-8"'))
