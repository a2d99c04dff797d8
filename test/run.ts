// `node test/run.ts [--test-timeout=MS] GLOB…`: runs files of tests, one for each processor at once. Node leaves one free, and
// of two that is half of the time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const flags = [
  `--import=${pathToFileURL(join(import.meta.dirname, 'support/leave-at-end.ts')).href}`,
  '--test',
  '--test-force-exit',
  '--test-reporter=spec',
  '--test-timeout=180000',
  `--test-concurrency=${availableParallelism()}`,
]
const child = spawn(process.execPath, [...flags, ...process.argv.slice(2)], { stdio: 'inherit' })
// The terminal tells both of SIGINT.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
const [code] = (await once(child, 'exit')) as [number | null]
process.exitCode = code ?? 1
