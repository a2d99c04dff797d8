// Runs http-cache-tests against one cache, and prints its results as JSON: `node suite.ts FOLDER URL`.
import { plainFetch } from './plain-fetch.ts'

interface Runner {
  runTests(
    suites: readonly unknown[],
    fetch: unknown,
    browser: boolean,
    base: string,
    atOnce: number,
  ): Promise<void>
  getResults(): unknown
}

const [folder = '', base = ''] = process.argv.slice(2)
const { runTests, getResults } = (await import(`${folder}/client/runner.mjs`)) as Runner
const { default: suites } = (await import(`${folder}/tests/index.mjs`)) as { default: readonly unknown[] }
await runTests(suites, plainFetch, false, base, 25)
process.stdout.write(JSON.stringify(getResults()))
