// `portcullis composition build`: one file that runs wherever the program does, and the same bytes each time.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Folder } from '../support/process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const files = {
  'package.json': '{ "type": "module" }',
  'contracts/stock/stock.proto':
    'syntax = "proto3"; package stock; service Stock { rpc Get(Item) returns (Item); } message Item {}',
  'names.ts': 'export const greeting: string = "Hello"',
  'shop.gateway.ts': `
import { Type as T } from 'typebox'
import { defineGateway, grpc } from 'portcullis/composition'
import { Stock } from './.portcullis/stock/stock_pb.ts'
import { greeting } from './names.ts'
export const gateway = defineGateway({
  title: 'Shop',
  backends: { stock: grpc(Stock, { url: 'h2c://stock' }) },
  routes: r => [
    r.get('/hello/{name}', { out: T.String(), run: ({ params }) => greeting + ' ' + params.name }),
  ],
})
`,
}

function build(folder: Folder, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    join(root, 'bin/portcullis'),
    ['composition', 'build', ...args],
    { cwd: folder.path, encoding: 'utf8' },
  )
  return { status, said: stdout + stderr }
}

const made = ['shop.gateway.mjs', 'shop.manifest.json', 'shop.openapi.json']
const bytesOf = (folder: Folder, dir: string) =>
  made.map(name => readFileSync(join(folder.path, dir, name), 'utf8'))

test('one file, with what it imports, and what is known of it', () => {
  using folder = new Folder(files)
  using other = new Folder(files)
  const { status, said } = build(folder)
  assert.equal(status, 0, said)
  assert.equal(build(other, 'shop.gateway.ts', '-o', 'out').status, 0)
  const [code, manifest, openapi] = bytesOf(folder, 'dist')
  assert.deepEqual(bytesOf(other, 'out'), [code, manifest, openapi])
  assert.ok(!code!.includes(folder.path))
  assert.deepEqual([...code!.matchAll(/from "([^"]+)"/g)].map(([, name]) => name!).sort(), [
    '@bufbuild/protobuf/codegenv2',
    'portcullis/composition',
    'typebox',
  ])
  assert.equal((JSON.parse(manifest!) as { title: string }).title, 'Shop')
  assert.deepEqual(Object.keys((JSON.parse(openapi!) as { paths: object }).paths), ['/hello/{name}'])

  // Alone in a folder where nothing is installed.
  using alone = new Folder({ 'shop.gateway.mjs': code! })
  writeFileSync(
    join(alone.path, 'ask.mjs'),
    `import { testGateway } from 'portcullis/composition/testing'
import { gateway } from './shop.gateway.mjs'
await using t = await testGateway(gateway)
console.log((await t.get('/hello/Ada')).text)`,
  )
  const { stdout } = spawnSync(
    process.execPath,
    ['--import', join(root, 'src/composition/loading/register.ts'), 'ask.mjs'],
    { cwd: alone.path, encoding: 'utf8' },
  )
  assert.equal(stdout, '"Hello Ada"\n')
})

test('what is wrong is told with its line', () => {
  using folder = new Folder({
    ...files,
    'twice.gateway.ts': files['shop.gateway.ts'].replace('/hello/{name}', '/hello/{name}/{name}'),
    'broken.gateway.ts': 'import { nothing } from "./nowhere.ts"\nexport const gateway = nothing',
    'none.gateway.ts': 'export const gateways = []',
  })
  const several = build(folder)
  assert.equal(several.status, 2)
  assert.match(several.said, /there are several/)
  assert.deepEqual(build(folder, 'twice.gateway.ts'), {
    status: 1,
    said: 'twice.gateway.ts:6:24: the path "/hello/{name}/{name}" has a name twice\n',
  })
  assert.match(build(folder, 'broken.gateway.ts').said, /broken\.gateway\.ts.*nowhere\.ts/s)
  assert.match(build(folder, 'none.gateway.ts').said, /none\.gateway\.ts: it exports no gateway/)
  assert.equal(build(folder, 'absent.gateway.ts').status, 1)
})
