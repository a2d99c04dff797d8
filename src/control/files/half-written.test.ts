import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { kinds } from '../../../test/support/declared.ts'
import { FileSource } from './file-source.ts'
import { formatProblem } from '../../model/problem.ts'
import { keyOf } from '../../model/resources.ts'

/** A folder with one file, and a source on it whose clock the test drives. */
class Rewritten {
  readonly dir: string
  readonly source: FileSource
  nowMs = 1_000_000

  constructor(t: TestContext, files: Readonly<Record<string, string>>, paths: readonly string[] = ['in']) {
    const dir = mkdtempSync(join(tmpdir(), 'portcullis-'))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    this.dir = dir
    mkdirSync(join(dir, 'in'))
    for (const [name, text] of Object.entries(files)) this.inPlace(text, name)
    const options = { settleMs: 1000, now: () => this.nowMs }
    this.source = new FileSource(
      paths.map(path => join(dir, path)),
      kinds,
      options,
    )
  }

  path(name: string): string {
    return join(this.dir, 'in', name)
  }

  /** As `cat >` and nano write: the file is cut, and stays the same file. */
  inPlace(text: string, name = 'a.yaml'): void {
    writeFileSync(this.path(name), text)
  }

  /** As vim, sed -i and kubectl's neighbours write: a new file takes the place of the old one. */
  renamed(text: string, name = 'a.yaml'): void {
    writeFileSync(this.path('.new'), text)
    renameSync(this.path('.new'), this.path(name))
  }

  /** What is served, an object a line, and what is wrong. */
  seen(): string {
    const { resources, problems } = this.source.load()
    const objects = [...resources.list, ...resources.unenforced.map(({ resource }) => resource)]
    const lines = objects.map(one => `${keyOf(one)} ${JSON.stringify(one.body)}`)
    return [...lines, ...problems.map(formatProblem)].join('\n').replaceAll(`${this.dir}/`, '')
  }
}

const NEWLINE = 10

const gateway = (ports: readonly number[]): string =>
  `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec:
  gatewayClassName: portcullis
  listeners:
${ports.map(port => `    - name: p${port}\n      port: ${port}\n      protocol: HTTP\n`).join('')}---
`
const route = (name: string, more = ''): string =>
  `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
  labels:
    team: shop
  annotations:
    note: café
spec:
  parentRefs:
    - name: gw
  rules:
    - matches:
        - path:
            value: /${name}
      backendRefs:
        - group: portcullis.dev
          kind: Backend
          name: up
${more}---
`
const filter = `      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier:
            set:
              - name: x
                value: y
`
const backend = (port: number): string =>
  `apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec:
  endpoints:
    - address: 127.0.0.1
      port: ${port}
`
const whole = (port: number, more: string): string =>
  gateway([8000, 8001]) +
  route('café', more).replaceAll('name: café', 'name: cafe') +
  route('shop', more) +
  backend(port)

suite('a file that is being written in place', () => {
  for (const [what, before, after] of [
    ['anew, as it was', whole(9000, filter), whole(9000, filter)],
    ['with other values', whole(9000, filter), whole(9001, filter.replace('value: y', 'value: z'))],
    ['with more in it', whole(9000, ''), whole(9000, filter)],
  ] as const)
    test(`${what}, and is cut anywhere, is as it was before, and then as it is`, t => {
      const file = new Rewritten(t, { 'a.yaml': before })
      const old = file.seen()
      const bytes = Buffer.from(after)
      // In the middle of characters too.
      const isEnd = (i: number): boolean =>
        what === 'with more in it' && bytes.toString('utf8', 0, i).includes(filter)
      for (let i = 0; i < bytes.length && !isEnd(i); i++) {
        // At every end of a line, and within lines often enough.
        if (bytes[i - 1] !== NEWLINE && i % 7 > 0) continue
        writeFileSync(file.path('a.yaml'), bytes.subarray(0, i))
        assert.equal(file.seen(), old, `cut at ${i}: ${after.slice(Math.max(0, i - 40), i)}|`)
      }
      file.inPlace(after)
      const now = file.seen()
      file.nowMs += 1000
      assert.equal(file.seen(), now)
      assert.equal(now, new Rewritten(t, { 'a.yaml': after }).seen())
    })

  const [a, b, shop] = ['a', 'b', route('shop', filter)].map(text =>
    text.length > 1
      ? text
      : `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${text}}\ndata: {x: y}\n---\n`,
  ) as [string, string, string]
  const policy = `apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: SecurityPolicy\nmetadata: {name: p}\nspec: {targetRefs: [{kind: Gateway, name: gw}]}\n`

  /** Each row: what is done to a file in place, and whether it waits for the second, and whether it does so when it was renamed into place. */
  for (const [what, before, after, waits, waitsRenamed] of [
    ['an object is taken away', a + b, a, true, false],
    ['an object has another name', a + b, a + b.replace('name: b', 'name: c'), true, false],
    ['an item of a list is taken away', gateway([1, 2]), gateway([1]), true, false],
    ['a field is taken away', shop, shop.replace(filter, ''), true, false],
    ['a label is taken away', shop, shop.replace('    team: shop\n', '    other: shop\n'), true, false],
    ['a policy that closes is taken away', a + policy, a, true, false],
    ['its end is missing', a, a.replace('\n---\n', ''), true, false],
    ['it cannot be read', a, `${a}a: b: c\n`, true, false],
    ['it is wrong', a, a.replace('{x: y}', '[]'), true, false],
    ['nothing is left', a, '', true, true],
    ['only --- is left', a, '---\n', true, true],
    ['only null is left', a, 'null\n', true, true],
    ['only a comment is left', a, '# soon\n', true, true],
    ['a value is another one', a, a.replace('y', 'z'), false, false],
    ['an object is added', a, a + b, false, false],
    ['an item of a list is added', gateway([1]), gateway([1, 2]), false, false],
    ['a field is added', shop.replace(filter, ''), shop, false, false],
    ['objects change places', a + b, b + a, false, false],
    ['comments are taken away', `# one\n${a}`, a, false, false],
    ['what is wrong is still wrong', `${a}x: y\n`, `${a.replace('y', 'z')}x: z\n`, false, false],
  ] as const)
    for (const [how, expected] of [
      ['inPlace', waits],
      ['renamed', waitsRenamed],
    ] as const)
      test(`${how}: ${what}: ${expected ? 'believed after a second' : 'believed at once'}`, t => {
        const file = new Rewritten(t, { 'a.yaml': before })
        const load = (): unknown[] => {
          const { resources, problems } = file.source.load()
          return [...resources.list, ...resources.unenforced, problems.length]
        }
        const old = load()
        const isOld = (): boolean => load().every((one, i) => one === old[i])
        file[how](after)
        assert.equal(isOld(), expected)
        file.nowMs += 999
        assert.equal(isOld(), expected)
        file.nowMs += 1
        const now = file.seen()
        assert.equal(isOld(), false)
        file.nowMs += 5000
        assert.equal(file.seen(), now)
      })

  test('waits for as long as it goes on to change', t => {
    const file = new Rewritten(t, { 'a.yaml': a + b })
    const old = file.seen()
    for (let i = 0; i < 5; i++) {
      file.inPlace(`${a}# ${i}\n`)
      assert.equal(file.seen(), old)
      file.nowMs += 900
    }
    file.inPlace(a + b)
    assert.equal(file.seen(), old)
    file.nowMs += 5000
    assert.equal(file.seen(), old)
  })

  test('waits anew after it was whole in between', t => {
    const file = new Rewritten(t, { 'a.yaml': a + b })
    const old = file.seen()
    file.inPlace(a)
    assert.equal(file.seen(), old)
    file.inPlace(a + b)
    assert.equal(file.seen(), old)
    file.nowMs += 5000
    file.inPlace(a)
    assert.equal(file.seen(), old)
  })

  test('keeps nothing from being read that others say: an object that moves is there at once, and is no second one', t => {
    for (const other of ['0.yaml', 'b.yaml']) {
      const file = new Rewritten(t, { 'a.yaml': a + b, [other]: '' })
      file.seen()
      file.inPlace(a)
      file.inPlace(b.replace('y}', 'z}'), other)
      const now = file.seen()
      assert.match(now, /ConfigMap\/default\/b \{"data":\{"x":"z"\}\}/)
      assert.doesNotMatch(now, /twice|"y"\}\}\n.*"y"/)
      file.nowMs += 1000
      assert.deepEqual(file.seen().split('\n').toSorted(compare), now.split('\n').toSorted(compare))
    }
  })

  test('waits through a reload too', t => {
    const file = new Rewritten(t, { 'a.yaml': a + b })
    const old = file.seen()
    file.inPlace(a)
    file.source.reload()
    assert.equal(file.seen(), old)
    file.nowMs += 1000
    file.source.reload()
    assert.notEqual(file.seen(), old)
  })

  test('at the start there is nothing to wait for', t => {
    assert.equal(new Rewritten(t, { 'a.yaml': '---\n' }).seen(), '')
  })
})

const compare = (x: string, y: string): number => (x < y ? -1 : 1)

suite('a folder that is gone', () => {
  const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`
  const files = { 'a.yaml': map('a'), 'b.yaml': map('b') }
  const objects = (file: Rewritten): string =>
    file.source
      .load()
      .resources.list.map(({ metadata }) => metadata.name)
      .join(' ')

  test('closes nothing before a second is over, and says at once that it is not there', t => {
    const file = new Rewritten(t, files)
    assert.equal(objects(file), 'a b')
    renameSync(file.path(''), join(file.dir, 'away'))
    assert.match(file.seen(), /in: does not exist/)
    assert.equal(objects(file), 'a b')
    file.nowMs += 999
    assert.equal(objects(file), 'a b')
    file.nowMs += 1
    assert.equal(objects(file), '')
  })

  test('and comes back is the same', t => {
    const file = new Rewritten(t, files)
    const old = file.source.load().resources.list
    for (let i = 0; i < 3; i++) {
      renameSync(file.path(''), join(file.dir, 'away'))
      file.nowMs += 900
      objects(file)
      renameSync(join(file.dir, 'away'), file.path(''))
      file.nowMs += 900
      const now = file.source.load().resources.list
      assert.ok(now.length === 2 && now.every((one, j) => one === old[j]))
    }
  })

  test('and is put there anew, file by file, loses nothing', t => {
    const file = new Rewritten(t, files)
    objects(file)
    renameSync(file.path(''), join(file.dir, 'away'))
    mkdirSync(file.path(''))
    assert.equal(objects(file), 'a b')
    file.inPlace(map('b'), 'b.yaml')
    assert.equal(objects(file), 'a b')
    file.nowMs += 1000
    assert.equal(objects(file), 'b')
  })

  test('inside of another one, or a file that was named, is as well', t => {
    const file = new Rewritten(t, { 'a.yaml': map('a') }, ['in', 'named.yaml'])
    mkdirSync(file.path('sub'))
    file.inPlace(map('b'), 'sub/b.yaml')
    writeFileSync(join(file.dir, 'named.yaml'), map('c'))
    assert.equal(objects(file), 'a b c')
    renameSync(file.path('sub'), join(file.dir, 'away'))
    rmSync(join(file.dir, 'named.yaml'))
    assert.equal(objects(file), 'a b c')
    file.nowMs += 1000
    assert.equal(objects(file), 'a')
  })

  test('is no file that was deleted: that is believed at once', t => {
    const file = new Rewritten(t, files)
    objects(file)
    rmSync(file.path('a.yaml'))
    assert.equal(objects(file), 'b')
  })

  test("is no swap of ConfigMap's ..data: that is believed at once, also what it takes away", t => {
    const file = new Rewritten(t, {})
    const version = (n: number, text: string): void => {
      mkdirSync(file.path(`..${n}`))
      writeFileSync(file.path(`..${n}/a.yaml`), text)
      symlinkSync(`..${n}`, file.path('..data_tmp'))
      renameSync(file.path('..data_tmp'), file.path('..data'))
    }
    version(1, `${map('a')}---\n${map('b')}`)
    symlinkSync('..data/a.yaml', file.path('a.yaml'))
    assert.equal(objects(file), 'a b')
    version(2, map('a'))
    assert.equal(objects(file), 'a')
    assert.deepEqual(readdirSync(file.path('')).includes('..2'), true)
  })
})
