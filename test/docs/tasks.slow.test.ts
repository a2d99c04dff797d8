import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { commands } from '../../src/cli/commands.ts'
import { isFamilyName } from '../../src/telemetry/families.ts'
import { requirePeer } from '../support/peer.ts'
import { isAsShown, pageOf, type Page, type Step } from './page.ts'
import { Stage } from './stage.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const names = readdirSync(join(root, 'docs/tasks'))

suite('a page of docs/tasks', () => {
  test('each is in the index', () => {
    const index = readFileSync(join(root, 'docs/README.md'), 'utf8')
    // Beside that others may lead there.
    const listed = new Set(Array.from(index.matchAll(/\]\(tasks\/([\w-]+\.md)\)/g), ([, name = '']) => name))
    assert.deepEqual([...listed].toSorted(), names.toSorted())
  })

  for (const name of names) {
    const page = pageOf(name)
    test(`${name}: flags, variables and metrics that it names are there`, () => namesHold(page))
    if (Object.keys(page.files).length > 0)
      test(`${name}: its commands print what it shows`, async t => {
        if (['bash', 'curl', 'openssl'].some(program => requirePeer(t, program) === null)) return
        await rehearse(page, t)
      })
  }
})

suite('what has no YAML to try', () => {
  const read = (...files: readonly string[]) =>
    files.map(file => readFileSync(join(root, file), 'utf8').replaceAll('", "', ' ')).join('\n')
  const rows = (name: string) => [...pageOf(name).text.matchAll(/^\| .*\|$/gm)].map(([row]) => row)
  const codeOf = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)

  test('systemd.md tells of the unit what is in it, and installs as it says', () => {
    const unit = read('deploy/portcullis.service')
    const named = rows('systemd.md').flatMap(codeOf)
    assert.ok(named.length >= 7, named.join(' '))
    const [install = ''] = /(?<=^```text\n)[^`]+/m.exec(pageOf('systemd.md').text) ?? []
    const own = install.split('\n').filter(line => /^(useradd|portcullis|chgrp) /.test(line))
    assert.equal(own.length, 3)
    for (const text of [...named, ...own]) assert.ok(unit.includes(text), text)
  })

  test('container.md tells of the image and the compose file what is in them', () => {
    const files = read('Dockerfile', 'examples/compose/compose.yaml', 'docs/reference/commands.md')
    const named = rows('container.md').flatMap(codeOf)
    assert.ok(named.length >= 9, named.join(' '))
    for (const text of named) assert.ok(files.includes(text), text)
    const shown = pageOf('container.md').text.match(/^docker (build|run) .*$/gm) ?? []
    assert.equal(shown.length, 2)
    for (const text of shown) assert.ok(files.includes(text), text)
  })
})

async function rehearse(page: Page, t: TestContext): Promise<void> {
  // What it shows of its own YAML is that nothing is wrong with it.
  const checked = page.steps.find(({ command }) => command === 'portcullis check')?.output ?? ''
  assert.match(checked, /^ok: .*\n$/m)
  assert.doesNotMatch(checked, /warning|…/)
  await using stage = await Stage.set(page, t)
  if (stage === null) return
  for (const step of page.steps)
    if (step.command.startsWith('#')) await stage.end()
    else if (step.command.startsWith('portcullis run')) await stage.serve(step.command)
    else await tryOut(stage, step)
}

async function tryOut(stage: Stage, { command, output }: Step): Promise<void> {
  let got = await stage.run(command)
  if (output === null) return assert.equal(got.code, 0, `${command}\n${got.output}`)
  // The log, the counters and the ledger are written behind the answer.
  const comesLater = /access\.jsonl|:8900|^portcullis usage/.test(command)
  for (let tries = 0; comesLater && tries < 200 && !isAsShown(output, got.output); tries++) {
    await delay(50)
    got = await stage.run(command)
  }
  if (!isAsShown(output, got.output)) assert.equal(got.output, output, command)
}

function namesHold({ text }: Page): void {
  for (const [, whole = ''] of text.matchAll(/(?:^|[`| ])portcullis (\w+[^`|\n]*)/gm)) {
    const known = commands.find(({ name }) => whole === name || whole.startsWith(`${name} `))
    // "portcullis gateway" may be prose; a command is in code, or begins a line.
    if (known === undefined) continue
    const flags = known.flags.flatMap(flag => [`--${flag.name}`, `-${flag.short ?? flag.name}`])
    for (const [, flag = ''] of whole.matchAll(/ (--?[a-z][\w-]*)/gi))
      assert.ok(flags.includes(flag), `portcullis ${known.name} has no ${flag}`)
  }
  const variables = new Set(commands.flatMap(one => one.flags.map(({ env }) => env)))
  for (const [variable] of text.matchAll(/PORTCULLIS_[A-Z_]+/g)) assert.ok(variables.has(variable), variable)
  for (const [metric] of text.matchAll(/(?<![\w/])portcullis_[a-z_]+/g))
    assert.ok(isFamilyName(metric.replace(/_bucket$/, '')), metric)
}
