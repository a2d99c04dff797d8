import assert from 'node:assert/strict'
import { Session } from 'node:inspector/promises'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { unreadable } from './last-good.ts'
import { formatPosition, formatProblem } from './problem.ts'
import { contentOf } from './loaded.ts'
import { readText } from './yaml.ts'
import { kinds } from '../../test/support/declared.ts'

type Content = ReturnType<typeof contentOf>

const map = (name: string, value = 'x'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {v: ${value}}\n`
const marked = (...documents: readonly string[]): string => documents.join('---\n')

const again = (before: Content, text: string, then: string): Content =>
  contentOf('a.yaml', then, kinds, null, { text, parts: before.parts })

const objects = ({ validations }: Content) => validations.flatMap(({ resource }) => resource ?? [])

/** Everything that a content says, with positions. */
const shown = ({ validations, problems, whole, unread }: Content): unknown => ({
  objects: validations.map(({ resource, identity, problems: own, unenforced }) => ({
    body: resource?.body ?? null,
    at: [[], ['data', 'v'], ['spec']].map(path => position(resource?.at(path))),
    identity,
    problems: own.map(formatProblem),
    unenforced: unenforced && [formatProblem(unenforced.problem), position(unenforced.resource.at([]))],
  })),
  problems: problems.map(formatProblem),
  whole,
  unread: unread.map(({ resource, problem }) => [resource.kind, formatProblem(problem)]),
})
const position = (at: Parameters<typeof formatPosition>[0] | null | undefined) => at && formatPosition(at)

suite('documents that are in the text before', () => {
  const text = marked(map('a'), map('b'), map('c'))
  const before = contentOf('a.yaml', text, kinds)

  /** Each row: what is written then, and which objects are the same, are so at another place, or are new. */
  for (const [what, then, expected] of [
    ['another has changed', marked(map('a'), map('b', 'y'), map('c')), 'same new same'],
    ['one has more lines', marked(map('a'), `${map('b')}# more\n`, map('c')), 'same new moved'],
    ['one is taken out', marked(map('a'), map('c')), 'same moved'],
    ['one is put in front', marked(map('z'), map('a'), map('b'), map('c')), 'new new moved moved'],
    ['they change places', marked(map('b'), map('a'), map('c')), 'new new same'],
    ['one is there twice', marked(map('a'), map('b'), map('b'), map('c')), 'same same new moved'],
    ['nothing has changed', text, 'same same same'],
    ['comments come before', `# one\n# two\n${text}`, 'new moved moved'],
  ] as const)
    test(`are not read again where ${what}`, () => {
      const now = again(before, text, then)
      const told = objects(now).map(one => {
        if (objects(before).includes(one)) return 'same'
        return objects(before).some(({ metadata, body }) => metadata === one.metadata && body === one.body)
          ? 'moved'
          : 'new'
      })
      assert.equal(told.join(' '), expected)
      assert.deepEqual(shown(now), shown(contentOf('a.yaml', then, kinds)))
    })
})

test('objects that stay hold none of the texts that they stood in', async () => {
  const filling = `# ${'x'.repeat(1_000_000)}\n`
  let text = ''
  let content = unreadable('a.yaml', [])
  const session = new Session()
  session.connect()
  const heapBytes = async (): Promise<number> => {
    await session.post('HeapProfiler.collectGarbage')
    return process.memoryUsage().heapUsed
  }
  const before = await heapBytes()
  // Each text brings an object that stays.
  for (let i = 0; i < 60; i++) {
    const own = map(`${'a-long-name-that-would-be-a-slice'}-${i}`)
    const then = text === '' ? marked(filling, own) : marked(text, own)
    content = again(content, text, then)
    text = Buffer.from(then).toString()
  }
  const grownBytes = (await heapBytes()) - before
  session.disconnect()
  assert.equal(objects(content).length, 60)
  assert.ok(grownBytes < 20_000_000, `${grownBytes} bytes`)
})

test('directives keep a text whole: they are about the documents behind them', () => {
  const text = `%TAG ! tag:yaml.org,2002:\n---\n${map('a', '!str 1')}---\n${map('b')}`
  assert.equal(contentOf('a.yaml', text, kinds).parts.length, 1)
  assert.deepEqual(shown(contentOf('a.yaml', text, kinds)), shown(again(unreadable('a.yaml', []), '', text)))
})

const line = fc.constantFrom(
  // oxfmt-ignore
  ...`---|--- |---\t# x|----|--- {a: 1}|...|# c||  |a: >-|a: 'x|a: "x|x'|x"|  ---|- a|kind: List|items:|a: [|]|%x|\uFEFF
apiVersion: v1|kind: ConfigMap|data: {v: x}|metadata: {name: n}|metadata: {name: m}|spec: {targetRef: {}}|a: b\r`.split(/[|\n]/),
  'a: |',
)
const document = fc.array(line, { maxLength: 6 }).map(lines => lines.join('\n'))
const file = fc.array(document, { maxLength: 5 }).map(list => list.join('\n---\n'))

test('a text in parts says what it says as a whole, wherever it can be read', () => {
  fc.assert(
    fc.property(file, text => {
      const whole = readText(text, 'a.yaml')
      fc.pre(whole.whole)
      const { validations } = contentOf('a.yaml', text, kinds)
      assert.equal(validations.length, whole.declarations.length)
      for (const [i, { resource, problems, unenforced }] of validations.entries()) {
        const declaration = whole.declarations[i]
        const at = (resource ?? unenforced?.resource)?.at(['spec']) ?? problems[0]?.position
        const path = resource || unenforced ? ['spec'] : (problems[0]?.path ?? [])
        assert.deepEqual(at, declaration?.at(path))
      }
    }),
    { numRuns: 3000 },
  )
})

test('a text that is read after others says what it says by itself', () => {
  fc.assert(
    fc.property(fc.array(file, { minLength: 1, maxLength: 4 }), fc.nat(), (texts, seed) => {
      // Of the documents of all of them, so that many are known.
      const pool = texts.flatMap(text => text.split('\n---\n'))
      const next = (i: number) => pool[(seed * 31 + i * 7) % pool.length] ?? ''
      let text = texts[0] ?? ''
      let content = contentOf('a.yaml', text, kinds)
      for (const one of [
        ...texts,
        ...texts.map((_, i) => [next(i), next(i + 1), next(i + 5)].join('\n---\n')),
      ]) {
        content = contentOf('a.yaml', one, kinds, null, { text, parts: content.parts })
        text = one
        assert.deepEqual(shown(content), shown(contentOf('a.yaml', one, kinds)))
      }
    }),
    { numRuns: 500 },
  )
})

test('a text that was edited says what it says by itself', () => {
  const edit = fc.record({ at: fc.nat(), length: fc.nat(60), by: fc.oneof(document, fc.constant('')) })
  fc.assert(
    fc.property(fc.array(file, { maxLength: 4 }), fc.array(edit, { maxLength: 5 }), (files, edits) => {
      let text = marked(map('a'), map('b'), ...files, map('c'), map('a'), map('d'))
      let content = contentOf('a.yaml', text, kinds)
      for (const { at, length, by } of edits) {
        const from = at % (text.length + 1)
        const then = text.slice(0, from) + by + text.slice(from + length)
        content = again(content, text, then)
        text = then
        assert.deepEqual(shown(content), shown(contentOf('a.yaml', text, kinds)))
      }
    }),
    { numRuns: 1000 },
  )
})
