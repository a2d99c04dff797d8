import assert from 'node:assert/strict'
import { STATUS_CODES } from 'node:http'
import { test } from 'node:test'
import { reasons } from './reasons.ts'

/** Node keeps the names of before RFC 9110, and two statuses that are no standard's (418, 509). */
const others: Readonly<Record<string, string | undefined>> = {
  413: 'Content Too Large',
  418: undefined,
  422: 'Unprocessable Content',
  509: undefined,
}

for (const [status, name] of Object.entries(STATUS_CODES))
  test(`reason of ${status}`, () => {
    assert.equal(reasons[Number(status)], status in others ? others[status] : name)
  })

test('no reason that Node does not know', () => {
  assert.deepEqual(
    Object.keys(reasons).filter(status => !(status in STATUS_CODES)),
    [],
  )
})
