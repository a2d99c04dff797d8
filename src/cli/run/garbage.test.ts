import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { collectGarbage, Garbage } from './garbage.ts'

/** Something that nobody holds. */
function unheld(): WeakRef<object> {
  return new WeakRef({ text: 'x'.repeat(1000) })
}

suite('garbage', () => {
  test('what nobody holds is gone', async () => {
    const ref = unheld()
    // Within the turn in which it was made, a WeakRef holds its target.
    await turn()
    await collectGarbage()
    assert.equal(ref.deref(), undefined)
  })

  test('it is collected some time after something was left', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const ref = unheld()
    const garbage = new Garbage()
    garbage.left()
    t.mock.timers.tick(1_500)
    // Another reload: the time begins anew.
    garbage.left()
    await turn()
    t.mock.timers.tick(2_000)
    t.mock.timers.reset()
    while (ref.deref() !== undefined) await turn()
  })
})
