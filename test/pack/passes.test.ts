// What the build makes of the schemas, to say whether a value passes, says the same as ajv, which says why it does not.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import { bundle } from '../../build/bundle.ts'
import { kinds } from '../../src/cli/roles.ts'
import type { ResourceKind } from '../../src/model/kind.ts'
import { qualifiedKind } from '../../src/model/resources.ts'
import { compileSchema } from '../../src/model/schema-compiler.ts'
import { Folder } from '../support/process.ts'

const root = join(import.meta.dirname, '../..')
const golden = join(root, 'test/golden/ingress')
const dist = new Folder()
let all: ReadonlyMap<string, (value: unknown) => boolean> = new Map()

after(() => dist[Symbol.dispose]())
before(async () => {
  await bundle(root, dist.path)
  const require = createRequire(import.meta.url)
  ;({ all } = require(join(dist.path, 'cli/passes.js')) as { all: typeof all })
})

/** A value of the golden files, with its kind. */
type Sample = readonly [kind: ResourceKind, body: Record<string, unknown>]

function samples(): Sample[] {
  const files = readdirSync(golden).filter(file => file.endsWith('.in.yaml'))
  const documents = files.flatMap(file => parseAllDocuments(readFileSync(join(golden, file), 'utf8')))
  return documents.flatMap(document => {
    const value = document.toJS() as Record<string, unknown> | null
    const found = kinds.all.find(({ kind }) => kind === value?.['kind'])
    if (value === null || found === undefined) return []
    const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...body } = value
    return [[found, body]]
  })
}

function same([kind, body]: Sample): boolean {
  const name = qualifiedKind(kind)
  const expected = compileSchema(kind.schema, name)(body)
  assert.equal(all.get(name)!(body), expected, `${name} ${JSON.stringify(body)}`)
  return expected
}

test('of every object of the golden files', () => {
  const verdicts = samples().map(same)
  assert.ok(verdicts.filter(Boolean).length > 100)
})

test('of such objects in which something is missing, or something else', () => {
  const objects = samples()
  const change = fc.record({
    at: fc.nat(),
    step: fc.array(fc.nat(), { maxLength: 12 }),
    value: fc.option(other),
  })
  let refused = 0
  fc.assert(
    fc.property(change, ({ at, step, value }) => {
      const [kind, given] = objects[at % objects.length]!
      const body = structuredClone(given)
      put(body, step, value)
      if (!same([kind, body])) refused++
    }),
    { numRuns: 2000 },
  )
  assert.ok(refused > 200, `${refused} refused`)
})

const other: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('', 'a', 'A b', '10Ki', '10.0.0.0/8', 'x'.repeat(300), -1, 0, 1.5, 70_000, true, [], {}),
  fc.array(fc.constantFrom('a', 'b', 1), { maxLength: 70 }),
)

/** Goes down by these steps, and puts a value where they end; null takes away what is there. */
function put(body: unknown, steps: readonly number[], value: unknown): void {
  let holder: unknown = body
  for (const step of steps) {
    if (typeof holder !== 'object' || holder === null) return
    const keys = Object.keys(holder)
    const key = keys[step % keys.length]
    if (key === undefined) return
    const next: unknown = Reflect.get(holder, key)
    if (typeof next === 'object' && next !== null && step % 5 > 0) holder = next
    else
      return value === null ? void Reflect.deleteProperty(holder, key) : void Reflect.set(holder, key, value)
  }
}
