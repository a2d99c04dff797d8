import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { stampsOf } from './follower.ts'

test('a file that cannot be looked at is another one, and no error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-follower-'))
  try {
    const file = join(folder, 'a.ts')
    const stamp = (): string | undefined => stampsOf([file]).get(file)
    assert.equal(stamp(), '')
    symlinkSync(file, file)
    assert.equal(stamp(), 'ELOOP')
    rmSync(file)
    writeFileSync(file, '')
    assert.match(stamp()!, /^\d+ /)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
