import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusals, rules, upstreamRefusals } from './rejections.ts'

for (const [rule, status] of [
  ['line-ending', 400],
  ['request-line-size', 414],
  ['http-version', 505],
  ['method-unknown', 501],
  ['transfer-coding', 501],
  ['field-size', 431],
  ['head-size', 431],
  ['field-count', 431],
  ['expectation', 417],
] as const)
  test(`${rule} is ${status}`, () => assert.equal(refusals[rule].status, status))

for (const [rule, field] of [
  ['request-line-size', 'spec.limits.requestLineBytes'],
  ['field-size', 'spec.limits.fieldBytes'],
  ['head-size', 'spec.limits.headBytes'],
  ['field-count', 'spec.limits.fields'],
  ['path-encoded-slash', 'spec.paths.encodedSlash'],
  ['path-encoded-backslash', 'spec.paths.encodedSlash'],
  ['target-bare', 'spec.paths.illegal'],
  ['field-underscore', 'spec.headers.underscores'],
] as const)
  test(`${rule} names the policy that moves it`, () => {
    assert.ok(refusals[rule].detail.includes(`ClientPolicy ${field}`))
    assert.ok(
      !upstreamRefusals[rule].detail.includes('ClientPolicy'),
      'and not for responses, where it would not',
    )
  })

test('every rule has both rejections, named after it', () => {
  for (const rule of rules) {
    assert.equal(refusals[rule].rule, rule)
    assert.equal(upstreamRefusals[rule].rule, rule)
    assert.ok(upstreamRefusals[rule].status === 502 || upstreamRefusals[rule].status === 431)
  }
})
