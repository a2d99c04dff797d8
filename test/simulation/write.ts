import { readFileSync, writeFileSync } from 'node:fs'
import { page, pictureOf, withTable } from './page.ts'
import { scenarios } from './scenarios.ts'

// `npm run simulate`: carries out the scenarios, and writes their pictures and tables into docs.
for (const scenario of scenarios) {
  const { svg, table } = scenario.show()
  writeFileSync(pictureOf(scenario.name), svg)
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), scenario.name, table))
}
