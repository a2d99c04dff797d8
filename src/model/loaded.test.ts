import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kinds } from '../../test/support/declared.ts'
import { ConfigMap } from './kinds/config-map.ts'
import { Service } from './kinds/service.ts'
import { settle, type FileContent, type FileState } from './last-good.ts'
import { contentOf, resultOf, type LoadResult } from './loaded.ts'
import type { Resource } from './resource.ts'
import { keyOf } from './resources.ts'

const names = 'a b c d e f g h i j k l'.split(' ')

const ours = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.nat(3),
      fc.constantFrom('', ', creationTimestamp: "2026-01-02T03:04:05Z"'),
    )
    .map(
      ([name, value, created]) =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${created}}\ndata: {v: "${value}"}\n`,
    ),
  fc
    .tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 }))
    .map(
      ([name, port]) =>
        `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: ${port}}]}\n`,
    ),
)
const theirs = fc.constantFrom(
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n',
  'apiVersion: x.example/v1\nkind: Auth\nmetadata: {name: a}\nspec: {targetRef: {kind: Service, name: a}}\n',
)
/** Valid, or of somebody else's kind: what is broken keeps what was there before. */
const document = fc.oneof({ weight: 20, arbitrary: ours }, { weight: 1, arbitrary: theirs })

/** Documents of two files, each of them changed, put in, taken out, or moved. */
const step = fc.record({
  file: fc.nat(1),
  at: fc.nat(),
  out: fc.constantFrom(0, 1, 1, 1),
  into: fc.oneof(
    { weight: 5, arbitrary: fc.array(document, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(document, { maxLength: 2 }) },
  ),
})

const shownOne = (one: Resource): unknown => [
  keyOf(one),
  one.metadata,
  one.body,
  one.at(['spec']),
  one.at(['data', 'v']),
]

/** Everything that a result says. */
const shown = ({ resources, problems, held }: LoadResult): unknown => ({
  list: resources.list.map(shownOne),
  all: [resources.all(ConfigMap).map(shownOne), resources.all(Service).map(shownOne)],
  found: names.map(name => {
    const found = [resources.get(ConfigMap, 'default', name), resources.get(Service, 'default', name)]
    return found.map(one => one && shownOne(one))
  }),
  unenforced: resources.unenforced.map(({ resource }) => shownOne(resource)),
  problems,
  held,
})

test('what files come to after others is what they come to by themselves', () => {
  const start = fc.array(document, { minLength: 2, maxLength: 5 })
  fc.assert(
    fc.property(start, start, fc.array(step, { maxLength: 10, size: 'max' }), (first, second, steps) => {
      const files = [[...first], [...second]]
      const texts = () => files.map(list => list.join('---\n'))
      let before: { texts: string[]; contents: FileContent[] } | null = null
      let state: readonly FileState[] = []
      let last: LoadResult | null = null
      for (const { file, at, out, into } of [{ file: 0, at: 0, out: 0, into: [] }, ...steps]) {
        const list = files[file]!
        list.splice(at % (list.length + 1), out, ...into)
        const now: string[] = texts()
        const contents = now.map((text, i) => {
          const then = before && { text: before.texts[i]!, parts: before.contents[i]!.parts }
          return contentOf(`${i}.yaml`, text, kinds, null, then)
        })
        const settled = settle(contents, state, () => '')
        last = resultOf(settled, [], last?.resources)
        state = settled.files
        before = { texts: now, contents }
        const fresh = now.map((text, i) => contentOf(`${i}.yaml`, text, kinds))
        assert.deepEqual(shown(last), shown(resultOf(settle(fresh, [], () => ''))))
      }
    }),
    { numRuns: 300 },
  )
})
