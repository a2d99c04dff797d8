import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Complaints } from './complaints.ts'

test('a complaint is told when it comes and when it is solved, a note by a line of its own', () => {
  const told: string[] = []
  const tell = (level: string) => (event: string, fields?: Readonly<Record<string, unknown>>) =>
    void told.push(`${level} ${event} ${String(fields?.['message'])}`)
  const complaints = new Complaints({ info: tell('info'), warn: tell('warn') })
  assert.equal(complaints.tell(new Set(['a', 'b']), new Set(['n'])), 2)
  assert.deepEqual(told.splice(0), [
    'warn resources.problem a',
    'warn resources.problem b',
    'info resources.note n',
  ])
  assert.equal(complaints.tell(new Set(['b', 'c']), new Set(['n'])), 2)
  assert.deepEqual(told.splice(0), ['warn resources.problem c', 'info resources.solved a'])
  assert.equal(complaints.tell(new Set()), 0)
  assert.equal(told.length, 3)
})
