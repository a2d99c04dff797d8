import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REDACTED } from '../telemetry/redact.ts'
import { veiled } from './veil.ts'

for (const [what, value, shown] of [
  ['a plain object', { a: 1, b: ['x', null, true] }, { a: 1, b: ['x', null, true] }],
  ['a secret field', { password: 'p', passwordFile: 'p' }, { password: REDACTED, passwordFile: 'p' }],
  ['a reference to a secret', { secretRef: { name: 's' } }, { secretRef: { name: 's' } }],
  [
    'matches',
    {
      headers: [
        { name: 'Authorization', type: 'exact', value: 'a' },
        { name: 'x-version', value: '2' },
      ],
    },
    {
      headers: [
        { name: 'Authorization', type: 'exact', value: REDACTED },
        { name: 'x-version', value: '2' },
      ],
    },
  ],
  ['a query parameter', [{ name: 'key', value: 'a' }], [{ name: 'key', value: REDACTED }]],
  [
    'what an HTTPRoute sets on requests',
    {
      type: 'RequestHeaderModifier',
      requestHeaderModifier: { set: [{ name: 'X-From', value: 'a' }], remove: ['b'] },
    },
    {
      type: 'RequestHeaderModifier',
      requestHeaderModifier: { set: [{ name: 'X-From', value: REDACTED }], remove: ['b'] },
    },
  ],
  [
    'what an exporter is to send along',
    { mode: 'Enabled', provider: { headers: [{ name: 'X-Team', value: 'a' }] } },
    { mode: 'Enabled', provider: { headers: [{ name: 'X-Team', value: REDACTED }] } },
  ],
  [
    'what a filter sets on requests',
    { type: 'request-headers', add: [{ name: 'X-From', value: 'a' }] },
    { type: 'request-headers', add: [{ name: 'X-From', value: REDACTED }] },
  ],
  [
    'what a filter sets on responses',
    {
      type: 'response-headers',
      set: [
        { name: 'X-A', value: 'a' },
        { name: 'Set-Cookie', value: 'b' },
      ],
    },
    {
      type: 'response-headers',
      set: [
        { name: 'X-A', value: 'a' },
        { name: 'Set-Cookie', value: REDACTED },
      ],
    },
  ],
  ['a path with a query', { value: '/check?token=abc&a=1' }, { value: `/check?token=${REDACTED}&a=1` }],
  ['a URL with a password', ['https://bob:pw@host/'], [`https://bob:${REDACTED}@host/`]],
  ['a private key', { text: '-----BEGIN PRIVATE KEY-----\nabc' }, { text: REDACTED }],
] as const)
  test(`of ${what} only what is no secret is shown`, () => assert.deepEqual(veiled<unknown>(value), shown))
