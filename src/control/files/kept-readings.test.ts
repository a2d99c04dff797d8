import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { KeptReadings } from './kept-readings.ts'

const text = (path: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: a }
spec:
  parentRefs: [{ name: gw }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: ${path} } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: backend-with-a-name }]
`
const secret = `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { key: hunter2 }\n${'# …\n'.repeat(100)}`

function folderOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return join(dir, 'data', 'readings')
}

const valueOf = (kept: KeptReadings, of: string): unknown => kept.read(of, 'a.yaml').declarations[0]?.value

test('what was read is there at the next start, for this user alone, and no Secret is', t => {
  const folder = folderOf(t)
  const first = new KeptReadings(folder, '1')
  const values = [text('/a'), text('/b'), secret].map(of => valueOf(first, of))
  first.write()
  const file = join(folder, 'readings')
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const written = readFileSync(file, 'utf8')
  assert.equal(written.split('\n').length, 4)
  assert.doesNotMatch(written, /hunter2|Secret/)
  const second = new KeptReadings(folder, '1')
  assert.deepEqual(
    [text('/a'), text('/b'), secret].map(of => valueOf(second, of)),
    values,
  )
  // What is not asked for any more is not kept.
  valueOf(second, text('/a'))
  second.write()
  const third = new KeptReadings(folder, '1')
  valueOf(third, text('/a'))
  third.write()
  assert.equal(readFileSync(file, 'utf8').split('\n').length, 3)
})

test("what a start left that was ended while it wrote is in no later one's way", t => {
  const folder = folderOf(t)
  const first = new KeptReadings(folder, '1')
  valueOf(first, text('/a'))
  writeFileSync(join(folder, `readings.${process.pid}`), 'half')
  first.write()
  assert.equal(readFileSync(join(folder, 'readings'), 'utf8').split('\n').length, 3)
})

test('it is the kept reading that is used, and only for the same text and release', t => {
  const folder = folderOf(t)
  const first = new KeptReadings(folder, '1')
  valueOf(first, text('/a'))
  first.write()
  const file = join(folder, 'readings')
  // Marked, to be told from what the parser makes.
  writeFileSync(file, readFileSync(file, 'utf8').replace('backend-with-a-name', 'kept'))
  const nameIn = (kept: KeptReadings, of: string): boolean =>
    JSON.stringify(valueOf(kept, of)).includes('"kept"')
  assert.equal(nameIn(new KeptReadings(folder, '1'), text('/a')), true)
  assert.equal(nameIn(new KeptReadings(folder, '1'), text('/b')), false)
  assert.equal(nameIn(new KeptReadings(folder, '1'), `${text('/a')} `), false)
  assert.equal(nameIn(new KeptReadings(folder, '2'), text('/a')), false)
})

for (const [name, spoil] of [
  ['others can read', (file: string) => chmodSync(file, 0o644)],
  ['is cut off', (file: string) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 150))],
  ['is something else', (file: string) => writeFileSync(file, 'x')],
  [
    'has other offsets',
    (file: string) =>
      writeFileSync(file, readFileSync(file, 'utf8').replace('"offsets":[', '"offsets":["",')),
  ],
] as const)
  test(`a file that ${name} is not used`, t => {
    const folder = folderOf(t)
    const first = new KeptReadings(folder, '1')
    const value = valueOf(first, text('/a'))
    first.write()
    const file = join(folder, 'readings')
    writeFileSync(file, readFileSync(file, 'utf8').replace('backend-with-a-name', 'kept'))
    spoil(file)
    assert.deepEqual(valueOf(new KeptReadings(folder, '1'), text('/a')), value)
  })

test('a folder that others can look into is left alone', t => {
  const folder = folderOf(t)
  new KeptReadings(folder, '1').write()
  chmodSync(folder, 0o755)
  const kept = new KeptReadings(folder, '1')
  valueOf(kept, text('/a'))
  kept.write()
  assert.throws(() => statSync(join(folder, 'readings')), /ENOENT/)
})
