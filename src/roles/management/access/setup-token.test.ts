import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setupTokenLine } from './setup-token.ts'

test('the setup token is told to people with the command, and to programs as a line of the log', () => {
  const people = setupTokenLine('pcs_abc', true, 0)
  assert.match(people, /^\S.*shown once:\n\n {2}portcullis setup NAME --setup-token pcs_abc\n\n$/)
  const program = setupTokenLine('pcs_abc', false, 1_764_100_000_000)
  assert.equal(program.indexOf('\n'), program.length - 1)
  const { text, ...fields } = JSON.parse(program) as Record<string, unknown>
  assert.deepEqual(fields, {
    time: '2025-11-25T19:46:40.000Z',
    level: 'info',
    event: 'setup.token_made',
    token: 'pcs_abc',
  })
  assert.match(String(text), /shown once$/)
})
