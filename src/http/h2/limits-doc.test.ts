import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { http2Limits } from './limits.ts'

const lines = readFileSync(new URL('../../../docs/HTTP2.md', import.meta.url), 'utf8').split('\n')

for (const [rule, { burst, perSecond }] of [
  ['flood-resets', http2Limits.resets],
  ['flood-errors', http2Limits.errors],
  ['flood-settings', http2Limits.settings],
  ['flood-pings', http2Limits.pings],
  ['flood-priority', http2Limits.priorities],
  ['flood-window-updates', http2Limits.windowUpdates],
  ['flood-empty-data', http2Limits.emptyData],
  ['flood-extensions', http2Limits.extensions],
] as const)
  test(`the documented budget of ${rule} is the real one`, () => {
    const line = lines.find(one => one.includes(`\`${rule}\``)) ?? ''
    assert.ok(new RegExp(`\\| ${burst} \\+ ${perSecond}/s\\b`).test(line), line)
  })
