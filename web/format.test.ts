import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bytes,
  duration,
  endpointName,
  percent,
  place,
  rate,
  shortCluster,
  shortRule,
  span,
} from './format.ts'
import { overviewTexts } from './texts/overview.ts'

const rows = [
  [endpointName({ address: '10.0.0.1', port: 80 }), '10.0.0.1:80'],
  [endpointName({ address: '::1', port: 80 }), '[::1]:80'],
  [endpointName({ address: 'thread:7', port: 1 }), 'thread 7'],
  [rate(0), '0'],
  [rate(0.004), '<0.01'],
  [rate(0.04), '0.04'],
  [rate(3.217), '3.22'],
  [rate(42.4), '42.4'],
  [rate(340.2), '340'],
  [rate(999.96), '1.00k'],
  [rate(12_400), '12.4k'],
  [rate(null), '–'],
  [bytes(1023), '1023 B'],
  [bytes(1536), '1.50 KiB'],
  [bytes(8.4 * 1024 * 1024), '8.40 MiB'],
  [duration(0.4218), '0.42 ms'],
  [duration(18.4), '18 ms'],
  [duration(1240), '1.24 s'],
  [duration(150_000), '3 min'],
  [span(45), '45 s'],
  [span(-5 * 3600), '5 h'],
  [span(31 * 86_400), '31 days'],
  [percent(0), '0%'],
  [percent(0.0004), '<0.1%'],
  [percent(0.044), '4.4%'],
  [percent(0.12), '12%'],
  [place({ file: 'shop.yaml', line: 14, column: 9 }), 'shop.yaml:14:9'],
  [place({ file: '', line: 0, column: 0 }), ''],
  [shortRule('httproute/default/items/0'), 'items/0'],
  [shortRule('httproute/team/items/0'), 'team/items/0'],
  [shortRule('grpcroute/default/items/0'), 'grpcroute/items/0'],
  [shortCluster('Service/default/items:80'), 'Service/items:80'],
  [shortCluster('Service/team/items:80'), 'Service/team/items:80'],
] as const

for (const [shown, expected] of rows) test(expected, () => assert.equal(shown, expected))

test('of one thing it is said in the singular', () => {
  const said = overviewTexts.counts({ gateways: 1, listeners: 2, rules: 1, clusters: 0, endpoints: 1 })
  assert.equal(said, '1 gateway, 2 listeners, 1 rule, 0 clusters, 1 endpoint')
})
