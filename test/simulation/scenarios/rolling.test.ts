import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { rolling, runOf, settings } from './rolling.ts'

suite('while fifty endpoints are restarted, one after another', () => {
  test('requests that must not be repeated fail where nobody is told', () =>
    assert.ok(runOf(settings['POST, not told'], 2).bad > 100))

  for (const name of ['GET, not told', 'POST, told', 'POST, told, slow start'] as const)
    test(`none fails: ${name}`, () => {
      const { good, bad } = runOf(settings[name], 2)
      assert.ok(good > 50_000, `${good}`)
      assert.equal(bad, 0)
    })

  test('fewer are late where who has just begun is eased in', () => {
    const [at, eased] = (['POST, told', 'POST, told, slow start'] as const).map(name =>
      runOf(settings[name], 3),
    )
    assert.ok(eased!.late.sum() < at!.late.sum() / 2)
  })
})

isShownAsItIs(rolling)
