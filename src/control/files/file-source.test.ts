import assert from 'node:assert/strict'
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConfigMap } from '../../model/kinds/config-map.ts'
import { kinds } from '../../../test/support/declared.ts'
import { FileSource, type FileSourceOptions } from './file-source.ts'
import type { LoadResult } from '../../model/loaded.ts'
import { formatProblem } from '../../model/problem.ts'

const map = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {v: ${value}}\n---\n`

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  // One deeper, because the folder around a named one is watched too, and others write to the system's.
  mkdirSync(join(dir, 'in'))
  return join(dir, 'in')
}

/** `a=one b=two` of the ConfigMaps, in their order. */
function shown({ resources }: LoadResult): string {
  return resources
    .all(ConfigMap)
    .map(r => `${r.metadata.name}=${r.body.data?.['v'] ?? ''}`)
    .join(' ')
}

const problems = ({ problems: list }: LoadResult, dir: string) =>
  list.map(p => formatProblem(p).replaceAll(`${dir}/`, ''))

/** So that what is tested is the events, and no poll makes up for a lost one. */
const noPoll = 600_000

/** A source that is watched: every result it calls back with, and a way to wait for one. */
class Watched {
  readonly source: FileSource
  readonly first: LoadResult
  readonly results: LoadResult[] = []
  private waiting: (() => void)[] = []

  constructor(t: TestContext, paths: readonly string[], options: FileSourceOptions = {}) {
    this.source = new FileSource(paths, kinds, { debounceMs: 10, pollMs: noPoll, ...options })
    this.first = this.source.load()
    this.source.watch(result => {
      this.results.push(result)
      for (const wake of this.waiting.splice(0)) wake()
    })
    t.after(() => this.source.close())
  }

  /** The first result, seen or to come, that is shown so. */
  async until(expected: string): Promise<LoadResult> {
    for (;;) {
      const found = this.results.find(r => shown(r) === expected)
      if (found) return found
      await new Promise<void>(resolve => this.waiting.push(resolve))
    }
  }
}

const limit = { timeout: 10_000 }

test('reads folders at any depth by name, *.yaml, *.yml and *.json, and nothing hidden or left by editors', t => {
  const dir = folder(t)
  for (const sub of ['b/c', '.hidden', '..data']) mkdirSync(join(dir, sub), { recursive: true })
  for (const [file, name] of [
    ['z.yaml', 'one'],
    ['a.yml', 'two'],
    ['b/c/x.yaml', 'three'],
    ['.a.yaml', 'no-1'],
    ['.hidden/a.yaml', 'no-2'],
    ['..data/a.yaml', 'no-3'],
    ['a.yaml~', 'no-4'],
    ['#a.yaml#', 'no-5'],
    ['.#a.yaml', 'no-6'],
    ['.a.yaml.swp', 'no-7'],
    ['4913', 'no-8'],
    ['a.txt', 'no-9'],
  ] as const)
    writeFileSync(join(dir, file), map(name, 'x'))
  writeFileSync(
    join(dir, 'b/j.json'),
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"four"},"data":{"v":"x"}}',
  )
  symlinkSync(dir, join(dir, 'b/circle'))
  const result = new FileSource([dir], kinds).load()
  assert.equal(shown(result), 'four=x one=x three=x two=x')
  assert.deepEqual(result.problems, [])
})

test('reads a named file whatever it is called, and a file that is named twice once', t => {
  const dir = folder(t)
  writeFileSync(join(dir, '.conf'), map('a', 'x'))
  writeFileSync(join(dir, 'b.yaml'), map('b', 'x'))
  const result = new FileSource([join(dir, '.conf'), join(dir, 'b.yaml'), dir], kinds).load()
  assert.equal(shown(result), 'a=x b=x')
  assert.deepEqual(result.problems, [])
})

test('what cannot be read is a problem, and the rest is read', t => {
  const dir = folder(t)
  writeFileSync(join(dir, 'a.yaml'), map('a', 'x'))
  writeFileSync(join(dir, 'b.yaml'), Buffer.from([0x61, 0xff, 0xfe]))
  symlinkSync('c.yaml', join(dir, 'c.yaml'))
  symlinkSync('nowhere', join(dir, 'd.yaml'))
  const result = new FileSource([join(dir, 'none.yaml'), dir, join(dir, 'a.yaml/b')], kinds).load()
  assert.equal(shown(result), 'a=x')
  assert.deepEqual(problems(result, dir), [
    'none.yaml: does not exist, expected a file or a folder',
    'c.yaml: is a symbolic link that leads back to itself, expected a file or a folder',
    'd.yaml: does not exist, expected a file or a folder',
    'a.yaml/b: leads through something that is no folder, expected a file or a folder',
    'b.yaml: is not UTF-8, expected text in UTF-8',
  ])
})

test('two declarations of one object name both positions', t => {
  const dir = folder(t)
  writeFileSync(join(dir, 'a.yaml'), map('a', 'one'))
  writeFileSync(join(dir, 'b.yaml'), map('b', 'x') + map('a', 'two'))
  const result = new FileSource([dir], kinds).load()
  assert.equal(shown(result), 'a=one b=x')
  assert.match(
    problems(result, dir).join(),
    /^b\.yaml:6:1 ConfigMap\/a: is declared twice, first at a\.yaml:1:1, which counts/,
  )
})

/** Every way in which programs replace a file; each must end in the new content, and never lose the object between. */
const styles: Readonly<Record<string, (dir: string, text: string) => void>> = {
  'renaming a new file over it, as editors do': (dir, text) => {
    writeFileSync(join(dir, '.a.yaml.new'), text)
    renameSync(join(dir, '.a.yaml.new'), join(dir, 'a.yaml'))
  },
  'moving the old one away first, as vim does': (dir, text) => {
    renameSync(join(dir, 'a.yaml'), join(dir, 'a.yaml~'))
    writeFileSync(join(dir, 'a.yaml'), text)
    rmSync(join(dir, 'a.yaml~'))
  },
  'writing in place, piece by piece': (dir, text) => {
    const fd = openSync(join(dir, 'a.yaml'), 'w')
    for (const piece of text.match(/[\s\S]{1,10}/g) ?? []) writeSync(fd, piece)
    closeSync(fd)
  },
}
for (const [style, replace] of Object.entries(styles))
  test(`follows ${style}`, limit, async t => {
    const dir = folder(t)
    writeFileSync(join(dir, 'a.yaml'), map('a', '"0"'))
    const watched = new Watched(t, [dir])
    for (let i = 1; i <= 5; i++) {
      replace(dir, map('a', `"${i}"`))
      await watched.until(`a=${i}`)
    }
    assert.deepEqual(watched.results.map(shown), ['a=1', 'a=2', 'a=3', 'a=4', 'a=5'])
    assert.deepEqual(
      watched.results.flatMap(r => r.problems),
      [],
    )
  })

test('a change of what is there is told of without a quiet time', limit, async t => {
  const dir = folder(t)
  const replace = (text: string): void => {
    writeFileSync(join(dir, '.new'), text)
    renameSync(join(dir, '.new'), join(dir, 'a.yaml'))
  }
  replace(map('a', 'one') + map('b', 'one'))
  const watched = new Watched(t, [dir], { debounceMs: noPoll })
  replace(map('a', 'two') + map('b', 'one') + map('c', 'one'))
  await watched.until('a=two b=one c=one')
})

test('what may be half of a change waits for a quiet time', limit, async t => {
  const dir = folder(t)
  writeFileSync(join(dir, 'a.yaml'), map('a', 'one') + map('b', 'one'))
  writeFileSync(join(dir, 'c.yaml'), map('c', 'one'))
  const watched = new Watched(t, [dir], { debounceMs: 2_000 })
  /** Each step by itself would take something away, or be the first half of something new. */
  const steps = [
    () => renameSync(join(dir, 'a.yaml'), join(dir, 'a.yaml~')),
    () => writeFileSync(join(dir, 'a.yaml'), map('a', 'two')),
    () => writeFileSync(join(dir, 'd.yaml'), map('d', 'one')),
    () => writeFileSync(join(dir, 'd.yaml'), map('d', 'two')),
    () => writeFileSync(join(dir, 'a.yaml'), map('a', 'two') + map('b', 'two')),
  ]
  for (const step of steps) {
    step()
    await setImmediate()
  }
  await watched.until('a=two b=two c=one d=two')
  assert.equal(watched.results.length, 1)
})

for (const named of ['folder', 'file'] as const)
  test(`follows ConfigMap's swap of ..data, with the ${named} named`, limit, async t => {
    const dir = folder(t)
    const version = (n: number) => {
      mkdirSync(join(dir, `..${n}`))
      writeFileSync(join(dir, `..${n}/a.yaml`), map('a', `"${n}"`))
      symlinkSync(`..${n}`, join(dir, '..data_tmp'))
      renameSync(join(dir, '..data_tmp'), join(dir, '..data'))
      rmSync(join(dir, `..${n - 1}`), { recursive: true, force: true })
    }
    version(1)
    symlinkSync('..data/a.yaml', join(dir, 'a.yaml'))
    const watched = new Watched(t, [named === 'folder' ? dir : join(dir, 'a.yaml')])
    assert.equal(shown(watched.first), 'a=1')
    version(2)
    await watched.until('a=2')
    version(3)
    await watched.until('a=3')
    assert.deepEqual(watched.results.map(shown), ['a=2', 'a=3'])
  })

test('follows files that are added and deleted, and folders that come later', limit, async t => {
  const dir = folder(t)
  const watched = new Watched(t, [join(dir, 'conf')])
  assert.deepEqual(problems(watched.first, dir), ['conf: does not exist, expected a file or a folder'])
  mkdirSync(join(dir, 'conf/sub'), { recursive: true })
  writeFileSync(join(dir, 'conf/sub/a.yaml'), map('a', 'x'))
  assert.deepEqual((await watched.until('a=x')).problems, [])
  writeFileSync(join(dir, 'conf/b.yaml'), map('b', 'x'))
  await watched.until('a=x b=x')
  rmSync(join(dir, 'conf/sub/a.yaml'))
  await watched.until('b=x')
  rmSync(join(dir, 'conf/b.yaml'))
  await watched.until('')
})

test('keeps the last good version of what is broken, says so, and takes the mended one', limit, async t => {
  const dir = folder(t)
  const file = join(dir, 'a.yaml')
  writeFileSync(file, map('a', 'one') + map('b', 'one'))
  const watched = new Watched(t, [dir])
  writeFileSync(file, map('a', '[]') + map('b', 'two'))
  const held = await watched.until('a=one b=two')
  assert.match(
    problems(held, dir).join(),
    /^a\.yaml:4:8 ConfigMap\/a data\.v: is a list, expected text; keeps the version of \d{4}-\d\d-\d\dT[\d:.]+Z$/,
  )
  assert.deepEqual(
    held.held.map(h => h.key),
    ['ConfigMap/default/a'],
  )
  writeFileSync(file, map('a', 'three') + map('b', 'two'))
  assert.deepEqual((await watched.until('a=three b=two')).problems, [])
})

test('a file that is empty for a moment loses nothing, and one that stays empty does', limit, async t => {
  const dir = folder(t)
  const file = join(dir, 'a.yaml')
  writeFileSync(file, map('a', 'one'))
  const watched = new Watched(t, [dir], { settleMs: 600 })
  writeFileSync(file, '')
  // The event of the second file makes it read the empty one as well, well within its time.
  writeFileSync(join(dir, 'b.yaml'), map('b', 'x'))
  await watched.until('a=one b=x')
  writeFileSync(file, '')
  await watched.until('b=x')
  assert.deepEqual(watched.results.map(shown), ['a=one b=x', 'b=x'])
})

test('a folder that cannot be looked into keeps its objects', t => {
  const dir = folder(t)
  mkdirSync(join(dir, 'conf'))
  writeFileSync(join(dir, 'conf/a.yaml'), map('a', 'x'))
  const source = new FileSource([join(dir, 'conf')], kinds)
  source.load()
  rmSync(join(dir, 'conf'), { recursive: true })
  symlinkSync('conf', join(dir, 'conf'))
  const result = source.load()
  assert.equal(shown(result), 'a=x')
  assert.deepEqual(
    result.held.map(h => h.key),
    ['ConfigMap/default/a'],
  )
})

test('follows a folder that is replaced by another of its name', limit, async t => {
  const dir = folder(t)
  for (const name of ['conf', 'next']) {
    mkdirSync(join(dir, name, 'sub'), { recursive: true })
    writeFileSync(join(dir, name, 'sub/a.yaml'), map('a', name))
  }
  const watched = new Watched(t, [join(dir, 'conf')])
  renameSync(join(dir, 'conf'), join(dir, 'old'))
  renameSync(join(dir, 'next'), join(dir, 'conf'))
  await watched.until('a=next')
  writeFileSync(join(dir, 'conf/sub/a.yaml'), map('a', 'later'))
  await watched.until('a=later')
})

test('follows a write in place to where a link leads', limit, async t => {
  const dir = folder(t)
  mkdirSync(join(dir, 'conf'))
  mkdirSync(join(dir, 'elsewhere'))
  writeFileSync(join(dir, 'elsewhere/a'), map('a', 'one'))
  symlinkSync('../elsewhere/a', join(dir, 'conf/a.yaml'))
  const watched = new Watched(t, [join(dir, 'conf')])
  writeFileSync(join(dir, 'elsewhere/a'), map('a', 'two'))
  await watched.until('a=two')
})

test('a change that sends no event is found by looking', limit, async t => {
  const dir = folder(t)
  mkdirSync(join(dir, 'conf'))
  mkdirSync(join(dir, 'elsewhere'))
  writeFileSync(join(dir, 'conf/a.yaml'), map('a', 'one'))
  // Written through another name of the same file: the system tells only who watches that name's folder.
  linkSync(join(dir, 'conf/a.yaml'), join(dir, 'elsewhere/a'))
  const watched = new Watched(t, [join(dir, 'conf')], { pollMs: 50 })
  writeFileSync(join(dir, 'elsewhere/a'), map('a', 'two'))
  await watched.until('a=two')
})

test('a change between load and watch, and one while a change is told of, are not lost', limit, async t => {
  const dir = folder(t)
  const file = join(dir, 'a.yaml')
  writeFileSync(file, map('a', 'one'))
  const source = new FileSource([dir], kinds, { debounceMs: 10, pollMs: noPoll })
  t.after(() => source.close())
  source.load()
  writeFileSync(file, map('a', 'twoo'))
  const seen: string[] = []
  await new Promise<void>(resolve => {
    source.watch(result => {
      seen.push(shown(result))
      if (seen.length === 1) writeFileSync(file, map('a', 'three'))
      else resolve()
    })
  })
  assert.deepEqual(seen, ['a=twoo', 'a=three'])
})

test('a file that is only touched is no change, and unchanged files keep their objects', limit, async t => {
  const dir = folder(t)
  writeFileSync(join(dir, 'a.yaml'), map('a', 'x'))
  writeFileSync(join(dir, 'b.yaml'), map('b', 'one'))
  const watched = new Watched(t, [dir], { pollMs: 20 })
  utimesSync(join(dir, 'a.yaml'), 1, 1)
  writeFileSync(join(dir, 'b.yaml'), map('b', 'two'))
  const result = await watched.until('a=x b=two')
  assert.equal(watched.results.length, 1)
  assert.equal(
    result.resources.get(ConfigMap, 'default', 'a'),
    watched.first.resources.get(ConfigMap, 'default', 'a'),
  )
})

test('a file that rests is not read again until it changes', t => {
  const dir = folder(t)
  const file = join(dir, 'a.yaml')
  writeFileSync(file, map('a', 'one'))
  const later = Date.now() + 60_000
  t.mock.method(Date, 'now', () => later)
  const source = new FileSource([dir], kinds)
  const [first] = source.load().resources.list
  const reads = t.mock.method(TextDecoder.prototype, 'decode')
  assert.equal(source.load().resources.list[0], first)
  assert.equal(reads.mock.callCount(), 0)
  writeFileSync(file, map('a', 'two'))
  assert.equal(shown(source.load()), 'a=two')
  assert.equal(reads.mock.callCount(), 1)
})

test('reload reads everything and calls back in any case; after close nothing calls', t => {
  const dir = folder(t)
  writeFileSync(join(dir, 'a.yaml'), map('a', 'x'))
  const watched = new Watched(t, [dir])
  assert.equal(shown(watched.source.reload()), 'a=x')
  assert.equal(watched.results.length, 1)
  watched.source.close()
  watched.source.reload()
  assert.equal(watched.results.length, 1)
})
