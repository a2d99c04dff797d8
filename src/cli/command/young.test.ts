import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const young = join(import.meta.dirname, 'young.ts')

// V8 says nothing of its flags but this number, and of a flag that it does not know nothing at all.
test('V8 knows the flag and takes it', () => {
  const plain = tagOf([], 'v8.cachedDataVersionTag()')
  const started = tagOf(['--no-allocation-site-pretenuring'], 'v8.cachedDataVersionTag()')
  const set = tagOf([], `(require(${JSON.stringify(young)}).allocateYoung(), v8.cachedDataVersionTag())`)
  assert.notEqual(started, plain)
  assert.equal(set, started)
})

function tagOf(flags: readonly string[], expression: string): string {
  return execFileSync(process.execPath, [...flags, '-p', expression], { encoding: 'utf8' })
}
