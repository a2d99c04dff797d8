import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../test/support/declared.ts'
import { translate, types } from '../../../test/support/translate.ts'
import type { InspectKit } from '../../filters/filter.ts'
import { Resources } from '../../model/resources.ts'
import { NodeState } from '../../shared/node-state.ts'
import { decide, decisionJson } from './decision.ts'
import { explainRequest } from './explanation.ts'
import { explanationJson } from './json.ts'
import { explanationText } from './text.ts'

const site = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec: { gatewayClassName: portcullis, listeners: [{ name: any, protocol: HTTP, port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: items }
spec:
  parentRefs: [{ name: front }]
  rules: [{ filters: [{ type: RequestRedirect, requestRedirect: { hostname: new.example } }] }]
---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: listed }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: items }]
  addresses: { deny: [192.0.2.0/24] }
  rateLimits: [{ name: hourly, requests: 10, unit: Hour, burst: 3 }]
  except: [{ methods: [OPTIONS] }]
`
const { parts, tables } = translate(Resources.of(parseResources('site.yaml', site).resources))
assert.deepEqual(tables, {})

const state = new NodeState()
const running: InspectKit = {
  table: name => state.table(name),
  counters: (name, whose) => state.counters(name, whose),
  sharedUs: () => state.sharedUs(),
  wallMs: () => 0,
}
const offline: InspectKit = { ...running, table: () => null, counters: () => null }

async function explained(kit: InspectKit, client: string, method = 'GET') {
  const explanation = explainRequest(parts, { method, url: 'http://a.example/', headers: [] })
  const decision = await decide(explanation, types, kit, client)
  const known = { parts, types, decision }
  return {
    decision: decisionJson(decision),
    json: explanationJson(explanation, known),
    text: explanationText(explanation, known),
  }
}

suite('what filters decide', () => {
  test('all of them, in their order, of a request that passes', async () => {
    const { decision, text } = await explained(running, '198.51.100.7')
    assert.deepEqual(decision, { outcome: 'passes', refusal: null, unknown: [] })
    assert.match(
      text,
      /^filter +addresses, .*\n +client: 198\.51\.100\.7\nfilter +limits, .*\n +hourly: left 3, resetSeconds 0\ndecision +no filter refuses it$/m,
    )
  })

  test('asking spends nothing, however often', async () => {
    for (let i = 0; i < 5; i++) await explained(running, '198.51.100.8')
    const { json } = await explained(running, '198.51.100.8')
    assert.deepEqual('filters' in json && json.filters.map(({ facts }) => facts), [
      [{ name: 'client', value: '198.51.100.8' }],
      [{ name: 'hourly', value: { left: 3, resetSeconds: 0 } }],
    ])
  })

  test('the first that refuses is the answer, and who is behind it is not asked', async () => {
    const { decision, json, text } = await explained(running, '192.0.2.9')
    assert.equal(decision?.outcome, 'refused')
    const { origin, ...refusal } = decision.refusal!
    assert.equal(origin.resource, 'TrafficPolicy/default/listed')
    assert.deepEqual(refusal, {
      failure: 'address_denied',
      status: 403,
      title: 'The address of the client is not allowed here',
      detail: 'default/listed: in deny',
      filter: 'address-list',
    })
    assert.deepEqual('filters' in json && json.filters.map(({ facts }) => facts.length), [1, 0])
    assert.match(
      text,
      /^decision +answered 403 address_denied, the address .* \(default\/listed: in deny\)$/m,
    )
  })

  test('what cannot be known is said', async () => {
    const { decision, text } = await explained(offline, '')
    assert.deepEqual(decision, {
      outcome: 'unknown',
      refusal: null,
      unknown: ['it depends on the address of the client', 'it depends on what is left of limits'],
    })
    assert.match(text, /^decision +not known here: it depends on the address of the client; it depends on/m)
  })

  test('who is left out is not asked about', async () => {
    const { decision, text } = await explained(running, '192.0.2.9', 'OPTIONS')
    assert.equal(decision, null)
    assert.doesNotMatch(text, /^decision/m)
  })

  test('a filter that cannot be asked leaves it open', async () => {
    const counters = () => {
      throw new Error('broken')
    }
    const { decision } = await explained({ ...running, counters }, '198.51.100.7')
    assert.deepEqual(decision?.unknown, ['rate-limit cannot be asked: Error: broken'])
  })
})
