// The developer's loop, from an empty folder: nothing is installed there.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Folder } from '../support/process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

suite('composition new', () => {
  const home = new Folder()
  after(() => home[Symbol.dispose]())
  const folder = join(home.path, 'corner-shop')
  const portcullis = (cwd: string, ...args: readonly string[]) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(join(root, 'bin/portcullis'), ['composition', ...args], {
      cwd,
      encoding: 'utf8',
      env: { ...env, NO_COLOR: '1' },
    })
    return { status, said: stdout + stderr }
  }
  /** Runs what there is with a file changed, then puts it back. */
  const changed = (file: string, from: string, to: string, ...args: readonly string[]) => {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    assert.ok(text.includes(from), from)
    writeFileSync(path, text.replaceAll(from, to))
    try {
      return portcullis(folder, ...args)
    } finally {
      writeFileSync(path, text)
    }
  }

  test('makes a folder whose tests pass', () => {
    const made = portcullis(home.path, 'new', 'corner-shop')
    assert.equal(made.status, 0, made.said)
    const { status, said } = portcullis(folder, 'test')
    assert.equal(status, 0, said)
    assert.match(said, /^types: ok$/m)
    assert.match(said, /^ℹ pass 3$/m)
  })

  test('makes what docs/tasks/compose.md shows', () => {
    const page = readFileSync(join(root, 'docs/tasks/compose.md'), 'utf8')
    const shown = [...page.matchAll(/^```(?:ts|yml)\n(?:\/\/|#) (\S+)\n([^]*?)^```$/gm)]
    assert.deepEqual(
      shown.map(([, file]) => file),
      ['shop.gateway.ts', 'portcullis/gateway.yaml'],
    )
    for (const [, file = '', text = ''] of shown) {
      const made = readFileSync(join(folder, file.replace('shop', 'corner-shop')), 'utf8')
      assert.equal(text, made.replaceAll('corner-shop', 'shop'))
    }
  })

  test('refuses a folder that has something in it, and what is no name', () => {
    assert.match(portcullis(home.path, 'new', 'corner-shop').said, /corner-shop is not empty/)
    assert.equal(portcullis(home.path, 'new', 'Shop!').status, 2)
    assert.equal(portcullis(home.path, 'new').status, 2)
  })

  test('a contract that changes fails the compiler, at the line of the composition', () => {
    const { status, said } = changed('contracts/users.yaml', 'tier', 'level', 'test')
    assert.equal(status, 1)
    assert.match(said, /^corner-shop\.gateway\.ts[(:]\d+.*Property 'tier' does not exist/m)
  })

  test('a contract that is none is told with its line', () => {
    const { status, said } = changed('contracts/users.yaml', 'paths:', 'paths: [', 'test')
    assert.equal(status, 1)
    assert.match(said, /^contracts\/users\.yaml:\d+:\d+/m)
    const reference = changed('contracts/shop.yaml', 'schemas/Offer', 'schemas/Bargain', 'gen')
    assert.equal(reference.status, 1)
    assert.match(
      reference.said,
      /^contracts\/shop\.yaml:\d+:\d+ .*"#\/components\/schemas\/Bargain" leads nowhere/m,
    )
  })

  test('a composition that cannot be one is told with its line', () => {
    const { status, said } = changed('corner-shop.gateway.ts', "'/me/{id}'", "'/me/{id}/{id}'", 'test')
    assert.equal(status, 1)
    assert.match(said, /has a name twice/)
    assert.match(said, /corner-shop\.gateway\.ts:\d+:\d+/)
  })

  test('a test that fails', () => {
    const { status, said } = changed(
      'corner-shop.test.ts',
      "name: 'Ada', orders",
      "name: 'Bob', orders",
      'test',
    )
    assert.equal(status, 1)
    assert.match(said, /corner-shop\.test\.ts:\d+:\d+/)
  })
})
