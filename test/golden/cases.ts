import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { env } from 'node:process'
import { test } from 'node:test'
import { parse } from 'yaml'
import { roleSelection } from '../../src/cli/command/role-selection.ts'
import { ignoredKind } from '../../src/cli/command/values.ts'
import { choose } from '../../src/cli/roles.ts'
import { Resources } from '../../src/model/resources.ts'
import { discoverAll, translateAll } from '../../src/translation/role.ts'
import { load } from './load.ts'
import { render } from './render.ts'

/** When the goldens were: some of their certificates have expired by then. */
const nowMs = Date.parse('2026-11-25T00:00:00Z')

/**
 * Resources in, snapshot and conditions out. Adding a case is adding a file `name.in.yaml`; UPDATE_GOLDEN=1 writes
 * `name.out.yaml`, which is then to be read against what is promised. A line `# addresses: a, b` in the input stands for
 * `--address`, `# ignored: Kind.group` for `--ignore-kind`, `# ignored-annotations: a/b` for `--ignore-annotation`, and `# roles: -management` for `--roles`. Paths in it are from the root of
 * this repository.
 */
export function goldenCases(folder: URL, least: number): void {
  const inputs = readdirSync(folder)
    .filter(name => name.endsWith('.in.yaml'))
    .sort()
  test('there are cases', () => assert.ok(inputs.length >= least))
  for (const input of inputs) test(input.replace('.in.yaml', ''), async () => goldenCase(folder, input))
}

async function goldenCase(folder: URL, input: string): Promise<void> {
  const text = readFileSync(new URL(input, folder), 'utf8')
  const addresses = /^# addresses: (.+)$/m.exec(text)?.[1]?.split(', ') ?? []
  const { roles, kinds } = choose(roleSelection(/^# roles: (.+)$/m.exec(text)?.[1] ?? 'all'))
  const { resources, problems, all } = load(text, input, kinds)
  const ignored = /^# ignored: (.+)$/m.exec(text)?.[1]?.split(', ') ?? []
  const facts = await discoverAll(roles, resources)
  const ignoredAnnotations = /^# ignored-annotations: (.+)$/m.exec(text)?.[1]?.split(', ') ?? []
  const options = { addresses, nowMs, ignoredKinds: ignored.map(ignoredKind), ignoredAnnotations, facts }
  const translation = translateAll(roles, resources, options)
  const actual = render(translation, problems)
  const output = new URL(input.replace('.in.', '.out.'), folder)
  if (env['UPDATE_GOLDEN']) writeFileSync(output, actual)
  assert.doesNotMatch(actual, /PRIVATE KEY/)
  assert.deepEqual(parse(actual), parse(readFileSync(output, 'utf8')))
  // What the role does not say that it reads, it does not read.
  const list = resources.list.filter(({ kind }) => kinds.all.some(one => one.kind === kind))
  const read = Resources.of(list, resources.unenforced, all)
  assert.deepEqual(translateAll(roles, read, options), translation)
}
