import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../api/shapes/finding.ts'
import type { Status } from '../../admin/shapes/status.ts'
import { painter } from '../../telemetry/colour.ts'
import { statusText } from './text.ts'

const well: Status = {
  program: { version: '1.2.3', node: '24.0.0' },
  startedAt: '2026-01-02T03:04:05.000Z',
  uptimeS: 7_500,
  ready: true,
  snapshot: { version: 3, appliedAt: '2026-01-02T03:04:06.000Z' },
  workers: 2,
  roles: ['ingress'],
  paths: ['shop'],
  ports: [{ key: '*:80', protocol: 'http', error: null }],
  problems: { errors: 0, warnings: 0, notes: 0 },
  held: 0,
  counts: { gateways: 1, listeners: 1, rules: 2, clusters: 1, endpoints: 3 },
}
const finding: Finding = {
  severity: 'error',
  object: { group: '', kind: 'Service', namespace: 'default', name: 'a' },
  file: 'shop.yaml',
  line: 3,
  column: 5,
  path: 'spec.ports',
  reason: 'X',
  message: 'is wrong',
  hint: null,
  running: false,
  held: true,
  since: '2026-01-01T00:00:00Z',
}
const text = (status: Partial<Status>, findings: readonly Finding[] = []): string =>
  statusText({ ...well, ...status }, findings, painter(false))

test('all is well', () =>
  assert.equal(
    text({}),
    `gateway   ready, portcullis 1.2.3, 2 workers, up 2 hours 5 minutes
reads     shop
serves    1 gateway, 1 listener, 2 rules, 1 cluster, 3 endpoints; version 3, since 2026-01-02T03:04:06.000Z
port      *:80 http
problems  none
`,
  ))

for (const [what, status, findings, expected] of [
  ['not ready', { ready: false }, [], /^gateway {3}not ready, /],
  ['nothing is served yet', { snapshot: null }, [], /^serves {4}nothing yet$/m],
  [
    'a port is taken',
    { ports: [{ key: '*:80', protocol: 'http', error: 'it is in use' }] },
    [],
    /^port {6}\*:80 http, not served: it is in use$/m,
  ],
  ['an object is held', { held: 1 }, [], /^held {6}1 object in a last good version$/m],
  ['problems', { problems: { errors: 2, warnings: 1, notes: 0 } }, [], /^problems {2}2 errors, 1 warning$/m],
  [
    'where',
    { problems: { errors: 1, warnings: 0, notes: 0 } },
    [finding],
    /^error {5}shop\.yaml:3:5 Service\/a spec\.ports: is wrong \(the version of 2026-01-01T00:00:00Z serves\)$/m,
  ],
  [
    'of no place',
    {},
    [{ ...finding, file: '', object: null, path: '', since: null }],
    /^error {5}is wrong$/m,
  ],
  [
    'more than are shown',
    { problems: { errors: 9, warnings: 0, notes: 0 } },
    [finding],
    /^ {10}and 8 more; -o json has all of them$/m,
  ],
  ['what a terminal obeys', {}, [{ ...finding, message: 'a\u001b[2J' }], /: a\\u001b\[2J /],
  ['a second', { uptimeS: 1 }, [], /up 1 second$/m],
  ['no time', { uptimeS: 0 }, [], /up 0 seconds$/m],
  ['days', { uptimeS: 86_400 * 3 + 59 }, [], /up 3 days$/m],
] as const)
  test(what, () => assert.match(text(status, findings), expected))
