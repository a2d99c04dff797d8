import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { UsageError } from '../command/flag.ts'
import { collectorOf, resourceOf } from './otlp.ts'

suite('where spans go', () => {
  const ALL = 'OTEL_EXPORTER_OTLP_ENDPOINT'
  const TRACES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
  for (const [otlp, env, expected] of [
    ['', {}, null],
    ['http://c:4318', {}, 'http://c:4318/v1/traces'],
    ['http://c:4318/', {}, 'http://c:4318/v1/traces'],
    ['https://c/otlp', {}, 'https://c/otlp/v1/traces'],
    ['https://c/v1/traces', {}, 'https://c/v1/traces'],
    ['', { [ALL]: 'http://o:4318' }, 'http://o:4318/v1/traces'],
    ['', { [TRACES]: 'http://t/spans', [ALL]: 'http://o:4318' }, 'http://t/spans'],
    ['http://c:4318', { [TRACES]: 'http://t/spans' }, 'http://c:4318/v1/traces'],
    ['off', { [ALL]: 'http://o:4318' }, null],
    ['', { [ALL]: 'http://o:4318', OTEL_SDK_DISABLED: 'true' }, null],
    ['', { [ALL]: '' }, null],
  ] as const)
    test(`--otlp "${otlp}" with ${JSON.stringify(env)}`, () => {
      assert.equal(collectorOf(otlp, env)?.url.href ?? null, expected)
    })

  test('what is no URL is refused by the name of who said it', () => {
    assert.throws(
      () => collectorOf('', { [ALL]: 'collector:4318' }),
      (error: unknown) =>
        error instanceof UsageError && error.message.startsWith(`${ALL} is "collector:4318"`),
    )
  })

  test('fields and what the process says of itself', () => {
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x=1,broken,%ff=1',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,team=shop',
    }
    assert.deepEqual(collectorOf('http://c', env)!.headers, { 'api-key': 'a b', x: '1' })
    const { 'service.name': name, team } = resourceOf(env)
    assert.deepEqual([name, team], ['a', 'shop'])
    assert.equal(resourceOf({ ...env, OTEL_SERVICE_NAME: 'b' })['service.name'], 'b')
    assert.equal(resourceOf({})['service.name'], 'portcullis')
  })
})
