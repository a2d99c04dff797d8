import assert from 'node:assert/strict'
import { test } from 'node:test'
import { painter } from '../../../telemetry/colour.ts'
import { Telling } from './telling.ts'

const fault = "shop.gateway.ts:23:9: Expected ',', got 'ident'"

/** What is written of these lines of the gateway's log. */
function told(...lines: readonly (object | string)[]): readonly string[] {
  const written: string[] = []
  const telling = new Telling(painter(false), { show: () => undefined }, text => void written.push(text))
  for (const line of lines) telling.tell(typeof line === 'string' ? line : JSON.stringify(line))
  return written
}

test('what a composition is refused for is told once', () => {
  const problem = `portcullis/gateway.yaml:32:3 Composition/shop spec.bundle: Accepted=False BundleInvalid: ${fault}`
  assert.deepEqual(
    told(
      { level: 'error', event: 'composition.refused', fault, serves: true },
      { level: 'warn', event: 'resources.problem', message: `${problem}; what it was before serves on` },
      { level: 'warn', event: 'resources.problem', message: 'portcullis/gateway.yaml:1:1 of another kind' },
    ),
    [
      `refused  ${fault}  (what it was before serves on)\n`,
      'problem  portcullis/gateway.yaml:1:1 of another kind\n',
    ],
  )
})

test('what is for who runs a gateway is not told, and what is no line of its log is', () => {
  assert.deepEqual(
    told(
      { level: 'info', event: 'snapshot.applied', version: 2 },
      { level: 'warn', event: 'dns.failed', name: 'nobody' },
      'Segmentation fault',
    ),
    ['dns.failed  name=nobody\n', 'Segmentation fault\n'],
  )
})
