// A bundle, wherever it lies, has the engine of the program that runs it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Folder } from '../../../test/support/process.ts'

const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)

test('where nothing is installed', () => {
  using folder = new Folder({
    'package.json': '{ "type": "module" }',
    'shop.gateway.ts': `
import { Type as T } from 'typebox'
import { Compile } from 'typebox/compile'
import { Problem, defineGateway } from 'portcullis/composition'
import { testGateway } from 'portcullis/composition/testing'
const { Problem: own } = await import(${url('../routes/answer.ts')})
const { Type } = await import(import.meta.resolve('typebox', ${url('./own-copy.ts')}))
const gateway = defineGateway({ backends: {}, routes: r => [r.get('/', { out: T.String(), run: (): string => 'here' })] })
await using t = await testGateway(gateway)
console.log(own === Problem, Type === T, Compile(T.String()).Check('x'), (await t.get('/')).text)
`,
  })
  assert.equal(run(`${folder.path}/shop.gateway.ts`), 'true true true "here"\n')
})

test('where another copy of it is installed', () => {
  using folder = new Folder({
    'shop.gateway.mjs': `
import { Problem } from 'portcullis/composition'
const { Problem: own } = await import(${url('../routes/answer.ts')})
console.log(own === Problem)
`,
  })
  const installed = join(folder.path, 'node_modules/portcullis')
  mkdirSync(installed, { recursive: true })
  writeFileSync(
    join(installed, 'package.json'),
    '{ "name": "portcullis", "exports": { "./composition": "./other.js" } }',
  )
  writeFileSync(join(installed, 'other.js'), 'throw new Error("this is the other one")')
  assert.equal(run(`${folder.path}/shop.gateway.mjs`), 'true\n')
})

/** What it prints: on standard error too, so that a failure says why. */
function run(file: string): string {
  const register = fileURLToPath(new URL('./register.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', register, file], { encoding: 'utf8' })
  return stdout + stderr
}
