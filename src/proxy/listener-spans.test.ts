import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestHead } from '../../test/support/head.ts'
import type { Listener } from '../snapshot/snapshot.ts'
import { SpanWriter } from '../telemetry/spans/span-writer.ts'
import { ExchangeSpans } from './exchange-spans.ts'
import { ListenerSpans } from './listener-spans.ts'

const settings = (to: string) => ({ to, share: 1, name: '', attributes: [] })
const at = { group: 'gateway.networking.k8s.io', resource: 'Gateway/default/a', role: 'ingress' } as const
const writer = new SpanWriter(() => undefined)

function listener(hostname: string, tracing?: Listener['tracing']): Listener {
  const origin = { ...at, path: '', file: 'a.yaml', line: 1, column: 1 }
  return { name: hostname, origin, hostname, hosts: [], ...(tracing !== undefined && { tracing }) }
}

const spans = new ListenerSpans(
  [
    listener('a.example', settings('a')),
    listener('a.example', settings('shadowed')),
    listener('*.example', 'off'),
    listener('plain.example'),
  ],
  new ExchangeSpans(writer, settings('others')),
  tracing => (tracing === 'off' ? null : new ExchangeSpans(writer, tracing)),
)

for (const [hostname, expected] of [
  ['a.example', 'a'],
  ['b.example', null],
  ['plain.example', 'others'],
  ['else.where', 'others'],
] as const)
  test(`spans of ${hostname} are told to ${expected ?? 'nobody'}`, () =>
    assert.equal(spans.of(requestHead({ hostname }))?.settings.to ?? null, expected))
