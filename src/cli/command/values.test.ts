import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { UsageError } from './flag.ts'
import {
  accessLogTarget,
  headerLines,
  hostPort,
  ipAddress,
  listOf,
  oneOf,
  ownZone,
  workerCount,
} from './values.ts'

const accepted: readonly (readonly [
  name: string,
  parse: (text: string) => unknown,
  text: string,
  expected: unknown,
])[] = [
  ['oneOf', oneOf('a', 'b'), 'b', 'b'],
  ['listOf', listOf(ipAddress), '127.0.0.1, ::1,', ['127.0.0.1', '::1']],
  ['listOf', listOf(ipAddress), '', []],
  ['workerCount', workerCount, 'auto', 'auto'],
  ['workerCount', workerCount, '16', 16],
  ['ownZone', ownZone, '', null],
  ['ownZone', ownZone, 'eu-west-1a', { name: 'eu-west-1a', share: null }],
  ['ownZone', ownZone, 'a=40', { name: 'a', share: 0.4 }],
  ['ownZone', ownZone, 'a=12.5%', { name: 'a', share: 0.125 }],
  ['hostPort', hostPort, '127.0.0.1:8900', { host: '127.0.0.1', port: 8900 }],
  ['hostPort', hostPort, 'localhost:0', { host: 'localhost', port: 0 }],
  ['hostPort', hostPort, '[::1]:8900', { host: '::1', port: 8900 }],
  ['hostPort', hostPort, 'off', null],
  ['accessLogTarget', accessLogTarget, 'off', { type: 'off' }],
  ['accessLogTarget', accessLogTarget, '-', { type: 'stdout' }],
  ['accessLogTarget', accessLogTarget, './off', { type: 'file', path: './off' }],
  ['headerLines', headerLines, '', []],
  [
    'headerLines',
    headerLines,
    'Host: a.example\nX:\ty ',
    [
      ['Host', 'a.example'],
      ['X', 'y'],
    ],
  ],
  ['headerLines', headerLines, 'X-Empty:', [['X-Empty', '']]],
]

const refused: readonly (readonly [name: string, parse: (text: string) => unknown, text: string])[] = [
  ['oneOf', oneOf('a', 'b'), 'c'],
  ['oneOf', oneOf('a', 'b'), 'A'],
  ['ownZone', ownZone, 'a b'],
  ['ownZone', ownZone, 'a='],
  ['ownZone', ownZone, 'a=0'],
  ['ownZone', ownZone, 'a=101'],
  ['ownZone', ownZone, '=40'],
  ['listOf', listOf(ipAddress), '127.0.0.1,example'],
  ['workerCount', workerCount, '0'],
  ['workerCount', workerCount, '257'],
  ['workerCount', workerCount, '-1'],
  ['workerCount', workerCount, '1e2'],
  ['workerCount', workerCount, ''],
  ['hostPort', hostPort, '8900'],
  ['hostPort', hostPort, ':8900'],
  ['hostPort', hostPort, 'a:65536'],
  ['hostPort', hostPort, '::1:8900'],
  ['hostPort', hostPort, '[127.0.0.1]:80'],
  ['ipAddress', ipAddress, 'localhost'],
  ['ipAddress', ipAddress, '127.0.0'],
  ['accessLogTarget', accessLogTarget, ''],
  ['headerLines', headerLines, 'no colon'],
  ['headerLines', headerLines, 'a b: c'],
  ['headerLines', headerLines, ': c'],
]

suite('values of flags', () => {
  for (const [name, parse, text, expected] of accepted)
    test(`${name} reads ${JSON.stringify(text)}`, () => assert.deepEqual(parse(text), expected))
  for (const [name, parse, text] of refused)
    test(`${name} refuses ${JSON.stringify(text)}`, () => assert.throws(() => parse(text), UsageError))
})
