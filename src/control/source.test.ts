import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { kinds } from '../../test/support/declared.ts'
import { Namespace } from '../model/kinds/namespace.ts'
import { settle } from '../model/last-good.ts'
import { contentOf, resultOf, type LoadResult } from '../model/loaded.ts'
import type { Source } from '../translation/source.ts'
import { Sources, type Gathered } from './source.ts'

const namespace = (name: string, label: string): string =>
  `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { from: ${label} } }\n`

/** A source that says what a test has it say. */
class Told implements Source {
  readonly name: string
  closed = false
  private now: LoadResult
  private onChange: ((result: LoadResult) => void) | null = null

  constructor(name: string, text: string) {
    this.name = name
    this.now = this.read(text)
  }

  say(text: string): void {
    this.now = this.read(text)
    this.onChange?.(this.now)
  }

  load(): Promise<LoadResult> {
    return Promise.resolve(this.now)
  }

  watch(onChange: (result: LoadResult) => void): void {
    this.onChange = onChange
  }

  reload(): void {
    this.onChange?.(this.now)
  }

  close(): void {
    this.closed = true
  }

  private read(text: string): LoadResult {
    return resultOf(settle([contentOf(`${this.name}.yaml`, text, kinds)], [], () => ''))
  }
}

function namespacesOf({ resources }: Gathered): string[] {
  return resources
    .all(Namespace)
    .map(({ metadata }) => `${metadata.name} of ${String(metadata.labels?.['from'])}`)
}

suite('several sources', () => {
  test('are one, and the first has what two of them have', async () => {
    const files = new Told('files', namespace('a', 'files') + namespace('b', 'files'))
    const store = new Told('store', namespace('b', 'store') + namespace('c', 'store'))
    const sources = new Sources([files, store])
    const both = await sources.load()
    assert.deepEqual(namespacesOf(both), ['a of files', 'b of files', 'c of store'])
    assert.deepEqual(
      both.conflicts.map(({ about, source, type, status, message }) => [
        about.name,
        source,
        type,
        status,
        message,
      ]),
      [
        [
          'b',
          'store',
          'Conflicted',
          'True',
          'what store has is not in force: it is in files (files.yaml:6:1) too, which comes first',
        ],
      ],
    )
  })

  test('change one by one', async () => {
    const files = new Told('files', namespace('a', 'files'))
    const store = new Told('store', namespace('a', 'store'))
    const sources = new Sources([files, store])
    const seen: Gathered[] = []
    await sources.load()
    sources.watch(result => seen.push(result))
    files.say('')
    assert.deepEqual([namespacesOf(seen[0]!), seen[0]!.conflicts], [['a of store'], []])
    store.say(namespace('d', 'store'))
    assert.deepEqual(namespacesOf(seen[1]!), ['d of store'])
    sources.reload()
    assert.equal(seen.length, 4)
    sources.close()
    assert.ok(files.closed && store.closed)
  })

  test('keep what is wrong with each', async () => {
    const sources = new Sources([
      new Told('files', 'kind: Namespace\n'),
      new Told('store', 'kind: Gateway\n'),
    ])
    const { problems } = await sources.load()
    assert.deepEqual(
      [...new Set(problems.map(({ position }) => position?.file))],
      ['files.yaml', 'store.yaml'],
    )
  })

  test('one alone is what it is', async () => {
    const files = new Told('files', namespace('a', 'files'))
    const [whole, own] = [await new Sources([files]).load(), await files.load()]
    assert.equal(whole.resources, own.resources)
  })
})
