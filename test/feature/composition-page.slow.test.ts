import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CompositionFolder } from '../support/composition-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs/COMPOSITION.md'), 'utf8')

/** The blocks that begin with a comment which names a file. */
const files = Object.fromEntries(
  [...page.matchAll(/```(?:ts|yaml)\n(?:\/\/|#) (\S+)\n([\s\S]+?)```/g)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
)

const portcullis = (cwd: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/portcullis'), args, { cwd, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('what the page shows compiles and passes its tests, with types from its document', () => {
  assert.deepEqual(Object.keys(files), ['users.yaml', 'home.gateway.ts', 'home.test.ts', 'tenant.filter.ts'])
  using folder = new CompositionFolder(files)
  assert.deepEqual(portcullis(folder.path, 'composition', 'gen', 'users.yaml', '-o', 'users.d.ts'), {
    status: 0,
    stdout: '',
    stderr: '',
  })
  assert.equal(folder.compile(), '')
  const { status, output } = folder.run('--test', '--test-reporter=tap', 'home.test.ts')
  assert.equal(status, 0, output)
  assert.match(output, /^# pass 3$/m)

  // A contract that changes fails the compiler, in the file that it breaks.
  folder.write('users.yaml', files['users.yaml']!.replaceAll('tier', 'level'))
  assert.equal(portcullis(folder.path, 'composition', 'gen', 'users.yaml', '-o', 'users.d.ts').status, 0)
  assert.match(
    folder.compile(),
    /^home\.gateway\.ts\(\d+,\d+\): error TS\d+: Property 'tier' does not exist/m,
  )
})

test('gen prints where no file is named, and tells what is wrong with its line', () => {
  using folder = new CompositionFolder({
    'a.yaml': 'openapi: 3.0.3\ninfo: {title: A, version: "1"}\npaths: []\n',
    'b.json':
      '{"openapi":"3.0.0","info":{"title":"B","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"ok"}}}}}}',
  })
  const wrong = portcullis(folder.path, 'composition', 'gen', 'a.yaml')
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /^a\.yaml:3:1 paths: is a list/)
  const right = portcullis(folder.path, 'composition', 'gen', 'b.json')
  assert.match(right.stdout, /^export interface paths \{\n {2}"\/a": \{/m)
  assert.equal(portcullis(folder.path, 'composition', 'gen').status, 2)
})
