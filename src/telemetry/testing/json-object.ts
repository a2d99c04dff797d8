import assert from 'node:assert/strict'

/** JSON text that must be an object. */
export function jsonObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), text)
  return { ...value }
}

/** Text that must be whole lines of JSON objects. */
export function jsonLines(text: string): Record<string, unknown>[] {
  assert.ok(text === '' || text.endsWith('\n'), 'whole lines')
  return text.split('\n').slice(0, -1).map(jsonObject)
}
