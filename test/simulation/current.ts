import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committed, type Scenario } from './page.ts'

/** The pictures and numbers that a reader sees are those of this code. */
export function isShownAsItIs(scenario: Scenario): void {
  test(`docs/RESILIENCE.md shows "${scenario.name}" as it is (npm run simulate writes it)`, () => {
    const { svg, table } = scenario.show()
    const shown = committed(scenario)
    assert.equal(shown.table, table)
    assert.equal(shown.svg, svg)
  })
}
