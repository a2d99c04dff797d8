import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { counts, ejection, envoySays, runOf, settings, type Setting } from './ejection.ts'

suite('of fifty endpoints some fail, as Envoy documents it', () => {
  const unafraid: Setting = { maxEjectedPercent: 100, panicPercent: 0 }
  for (const setting of [...settings, unafraid])
    test(`with ${JSON.stringify(setting)}`, () => {
      for (const count of counts) {
        const expected = envoySays(count, setting)
        const { ejected, panics, failed } = runOf(count, setting, 2)
        // Where all are out somebody is to be asked all the same.
        if (ejected === 50 && setting.panicPercent === 0) continue
        assert.deepEqual([ejected, panics], [expected.ejected, expected.panics], `${count}`)
        assert.ok(Math.abs(failed - expected.failed) < 0.04, `${count}: ${failed}, not ${expected.failed}`)
      }
    })
})

isShownAsItIs(ejection)
