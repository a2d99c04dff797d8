import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isAsShown } from '../docs/page.ts'
import { Folder } from '../support/process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const documents = globSync(['*.md', 'docs/**/*.md', 'bench/*.md'], { cwd: root })
const read = (document: string) => readFileSync(join(root, document), 'utf8')
const portcullisIn = (cwd: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/portcullis'), args, { cwd, encoding: 'utf8' })
  return { status, stdout, stderr }
}
const portcullis = (...args: readonly string[]) => portcullisIn(root, ...args)

suite('what documents name is there', () => {
  test('there are documents', () => assert.ok(documents.length >= 8, documents.join(' ')))

  for (const document of documents)
    test(document, () => {
      const text = read(document)
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, to]) =>
        join(dirname(document), to ?? ''),
      )
      const files = [...text.matchAll(/`((?:src|test|bench|examples|bin|docs)\/[\w./-]*)`/g)].map(
        ([, name]) => name ?? '',
      )
      const missing = [...links, ...files].filter(name => !existsSync(join(root, name)))
      assert.deepEqual(missing, [])
    })
})

test('docs/README.md leads to each page, and the README to each thing to do', () => {
  const links = (document: string) =>
    new Set(
      [...read(document).matchAll(/\]\(([\w./-]+\.md)/g)].map(([, to = '']) => join(dirname(document), to)),
    )
  const [index, front] = [links('docs/README.md'), links('README.md')]
  const pages = documents.filter(document => /^docs\/(?!README|adr\/)/.test(document))
  assert.ok(pages.length > 40, pages.join(' '))
  assert.deepEqual(
    pages.filter(page => !index.has(page) || (page.startsWith('docs/tasks/') && !front.has(page))),
    [],
  )
})

suite('records of decisions', () => {
  const records = documents.filter(document => document.startsWith('docs/adr/')).toSorted()

  for (const [i, record] of records.entries())
    test(record, () => {
      const number = String(i + 1).padStart(4, '0')
      assert.match(record, new RegExp(`^docs/adr/${number}-`), 'each has the number after the one before')
      assert.match(read(record), new RegExp(`^# ${number}: [A-Z].*\\n\\nStatus: accepted`))
    })

  test('links call them by their numbers', () => {
    const links = documents.flatMap(document => [
      ...read(document).matchAll(/\[(?:ADR )?(\d{4})\]\((?:[\w./]*\/)?(\d{4})-/g),
    ])
    assert.ok(links.length > 0)
    for (const [link, called, number] of links) assert.equal(called, number, link)
  })
})

suite('the README', () => {
  const yaml = /```yaml\n([\s\S]+?)```/.exec(read('README.md'))?.[1] ?? ''

  test('has a smallest folder that check finds good, and shows what it says', () => {
    const [, shown = ''] = /\$ bin\/portcullis check\n([\s\S]+?)```/.exec(read('README.md')) ?? []
    using folder = new Folder({ 'shop.yaml': yaml })
    assert.deepEqual(portcullis('check', folder.path), { status: 0, stdout: shown, stderr: '' })
  })

  test('shows what explain says', () => {
    const [, command = '', shown = ''] =
      /\$ bin\/portcullis (explain .*)\n([\s\S]+?)```/.exec(read('README.md')) ?? []
    const { stdout } = portcullis(...command.split(' '))
    if (!isAsShown(shown, stdout)) assert.equal(stdout, shown)
  })
})

suite('docs/CHECK.md', () => {
  const text = read('docs/CHECK.md')
  const yaml = /```yaml\n([\s\S]+?)```/.exec(text)?.[1] ?? ''
  const shown = [...text.matchAll(/```console\n\$ portcullis (check .*)\n([\s\S]+?)```/g)]

  test('shows outputs', () => assert.equal(shown.length, 2))

  for (const [, command = '', stdout] of shown)
    test(`shows what ${command} says`, () => {
      using folder = new Folder({ 'shop.yaml': yaml })
      assert.deepEqual(portcullisIn(folder.path, ...command.split(' ')), { status: 1, stdout, stderr: '' })
    })

  test('names each reason that there is, and no other', () => {
    const files = globSync('src/{roles,model,snapshot,translation,cli/check}/**/*.ts', { cwd: root }).filter(
      name => !name.endsWith('.test.ts'),
    )
    const sources = files.map(read).join('\n')
    for (const [, reason = ''] of text.matchAll(/^\| .* \| `(\w+)` \| (?:error|warning) \|$/gm))
      assert.ok(sources.includes(`'${reason}'`), reason)
    const documented = new Set(
      [...text.matchAll(/`(\w+)` \| (?:error|warning) \|$/gm)].map(([, reason]) => reason),
    )
    const doubts = [...sources.matchAll(/severity: (?:'error'|'warning'),\s+reason: '(\w+)'/g)].map(
      ([, reason]) => reason,
    )
    assert.ok(doubts.length >= 8, doubts.join(' '))
    assert.deepEqual(
      doubts.filter(reason => !documented.has(reason)),
      [],
    )
  })
})
