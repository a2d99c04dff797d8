import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { painter, showsColour } from '../../telemetry/colour.ts'
import { UsageError } from '../command/flag.ts'
import { generateAll, packageBeside } from './folder/generated.ts'
import { loading } from './folder/own.ts'

/** `portcullis composition test`: types of the contracts, types of the composition, tests. The exit code of the first that fails. */
export async function testComposition(files: readonly string[]): Promise<number> {
  const tests = files.length > 0 ? files : testsIn('.')
  if (tests.length === 0)
    throw new UsageError('composition test: expected a file *.test.ts in this folder, or the FILEs to run')
  if (existsSync('contracts') && (await generateAll('.')) === null) return 1
  const types = await checkTypes()
  return types === 0 ? runTests(tests) : types
}

const testsIn = (folder: string): readonly string[] =>
  globSync('**/*.test.{ts,mts,js,mjs}', {
    cwd: folder,
    exclude: name => /(?:^|\/)(?:node_modules|\.portcullis)$/.test(name),
  }).sort()

async function checkTypes(): Promise<number> {
  const paint = painter(showsColour(1))
  const compiler =
    packageBeside('typescript', join(process.cwd(), 'package.json')) ?? packageBeside('typescript')
  if (!existsSync('tsconfig.json')) return 0
  if (compiler === null) {
    process.stdout.write(paint('warning', 'types: not checked, there is no compiler: npm install\n'))
    return 0
  }
  const pretty = showsColour(1) ? ['--pretty'] : []
  const code = await ended([join(compiler, 'bin/tsc'), '-p', '.', ...pretty])
  process.stdout.write(code === 0 ? paint('good', 'types: ok\n') : paint('error', 'types: see above\n'))
  return code === 0 ? 0 : 1
}

function runTests(files: readonly string[]): Promise<number> {
  return ended(['--import', loading('register'), '--test', '--test-reporter=spec', ...files])
}

/** The exit code of Node on these; its streams are ours. */
function ended(args: readonly string[]): Promise<number> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, args, { stdio: 'inherit', env })
  // Ctrl-C reaches both: the child decides when it has ended.
  const stay = () => undefined
  process.on('SIGINT', stay)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      process.off('SIGINT', stay)
      resolve(code ?? 1)
    })
  })
}
