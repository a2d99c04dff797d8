import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Folder } from '../../../../test/support/process.ts'
import { loadBundle } from './load.ts'

/** A bundle that cannot be loaded, and what is said of it behind its name. */
const table: readonly (readonly [what: string, code: string, said: string])[] = [
  ['cannot be parsed', "const a: number = 1\n\nconst x = { s: 'x' y }\n", ":3:20: Expected ',', got 'ident'"],
  [
    'throws',
    'const a: any = undefined\n\n  a.b()\n',
    ":3:5: Cannot read properties of undefined (reading 'b')",
  ],
  ['throws what is no error', "throw 'no'", ': throws no'],
  [
    'exports nothing',
    'export {}',
    ': exports no gateway, expected: export const gateway = defineGateway({ … }), or export default',
  ],
]

suite('a bundle', () => {
  for (const [what, code, said] of table)
    test(`that ${what} is told with its place`, async () => {
      using folder = new Folder({ 'a.gateway.ts': code })
      const file = join(folder.path, 'a.gateway.ts')
      await assert.rejects(loadBundle({ file }, new Set([file])), {
        name: 'BundleFault',
        message: `${file}${said}`,
      })
    })
})
