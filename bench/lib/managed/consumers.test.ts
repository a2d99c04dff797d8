import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { makeConsumers } from './consumers.ts'

test('keys that are shown are spread over those recorded, and the dump has its own checksum', t => {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-consumers-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const made = makeConsumers({ credential: 'key', plan: null, recorded: 40, used: 10 }, dir)
  const shown = made.credentials.map(([, value]) => value)
  assert.equal(new Set(shown).size, 10)
  assert.match(shown[0]!, /^pc_live_[a-z0-9]{16}_[A-Za-z0-9]{32}_[A-Za-z0-9]{6}$/)
  const lines = readFileSync(made.dumpFile, 'utf8').trimEnd().split('\n')
  const { rows, sha256 } = JSON.parse(lines.at(-1)!) as Record<string, unknown>
  assert.equal(rows, 2 + 3 * 40)
  const text = `${lines.slice(0, -1).join('\n')}\n`
  assert.equal(sha256, createHash('sha256').update(text).digest('hex'))
  assert.equal(text.includes(shown[0]!.split('_')[3]!), false)
})
