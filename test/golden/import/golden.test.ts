import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { env } from 'node:process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { portcullis } from '../../support/command.ts'

/**
 * An OpenAPI document in, what publishes it out, byte for byte, and `check` and `fmt` have nothing against that. Adding
 * a case is adding a file `name.in.yaml` or `name.in.json`; UPDATE_GOLDEN=1 writes `name.out.yaml`.
 */
const folder = new URL('./', import.meta.url)
const inputs = readdirSync(folder)
  .filter(name => /\.in\.(yaml|json)$/.test(name))
  .toSorted()

test('there are cases', () => assert.ok(inputs.length >= 5))

for (const input of inputs)
  suite(input, () => {
    const file = fileURLToPath(new URL(input, folder))
    const output = new URL(input.replace(/\.in\..*/, '.out.yaml'), folder)

    test('becomes what it did', async () => {
      const { code, stdout, stderr } = await portcullis(['import', 'openapi', file, '--backend', ':9000'])
      assert.equal(code, 0, stderr)
      if (env['UPDATE_GOLDEN']) writeFileSync(output, stdout)
      assert.equal(stdout, readFileSync(output, 'utf8'))
    })

    test('check and fmt accept it', async () => {
      const checked = await portcullis(['check', '--strict', fileURLToPath(output)])
      assert.equal(checked.code, 0, checked.stdout + checked.stderr)
      const formatted = await portcullis(['fmt', '--check', fileURLToPath(output)])
      assert.deepEqual([formatted.code, formatted.stderr], [0, ''])
    })
  })
