import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { Secret } from '../../model/kinds/secret.ts'
import { kinds } from '../../../test/support/declared.ts'
import { FileSource } from './file-source.ts'
import { formatProblem } from '../../model/problem.ts'
import type { LoadResult } from '../../model/loaded.ts'

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-attached-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'in', 'certs'), { recursive: true })
  return join(dir, 'in')
}

const secret = (path: string, key = 'password') => `apiVersion: v1
kind: Secret
metadata:
  name: s
  annotations: { file.portcullis.dev/${key}: ${path} }
`

const valueOf = ({ resources }: LoadResult, key = 'password') => {
  const data = resources.get(Secret, 'default', 's')?.body.data?.[key]
  return data === undefined ? null : Buffer.from(data, 'base64').toString()
}

const saidOf = ({ problems }: LoadResult, dir: string) =>
  problems.map(problem => formatProblem(problem).replaceAll(dir, '')).join('\n')

suite('data that is in a file of its own', () => {
  test('is read beside the file that names it, also below its folder', t => {
    const dir = folder(t)
    writeFileSync(join(dir, 'certs', 'p'), 'one')
    writeFileSync(join(dir, 'certs', 's.yaml'), secret('p'))
    assert.equal(valueOf(new FileSource([dir], kinds).load()), 'one')
    writeFileSync(join(dir, 'certs', 's.yaml'), secret('../certs/p'))
    assert.equal(valueOf(new FileSource([dir], kinds).load()), 'one')
    writeFileSync(join(dir, 'certs', 's.yaml'), secret('../p'))
    writeFileSync(join(dir, 'p'), 'two')
    assert.equal(valueOf(new FileSource([dir], kinds).load()), 'two')
    // Of a file that is given alone, its own folder.
    assert.equal(valueOf(new FileSource([join(dir, 'certs', 's.yaml')], kinds).load()), null)
  })

  test('counts as data that a type of Secret must have', t => {
    const dir = folder(t)
    writeFileSync(join(dir, 'p'), 'x')
    const tls = `${secret('p', 'tls.crt').replace('p }', 'p, file.portcullis.dev/tls.key: p }')}type: kubernetes.io/tls\n`
    writeFileSync(join(dir, 's.yaml'), tls)
    const load = new FileSource([dir], kinds).load()
    assert.equal(saidOf(load, dir), '')
    assert.equal(valueOf(load, 'tls.key'), 'x')
  })

  for (const [what, path, expected] of [
    [
      'not there',
      'q',
      /s\.yaml:5:18 Secret\/s metadata\.annotations\["file\.portcullis\.dev\/password"\]: names q, which cannot be found/,
    ],
    ['above the folder', '../outside', /names \.\.\/outside, which is outside of/],
    ['a link that leads out', 'link', /names link, which is outside of/],
    ['absolute', '/etc/hostname', /names \/etc\/hostname, which (is outside of|cannot be found)/],
    ['too large', 'large', /names large, which has 1048577 bytes, expected at most 1048576/],
    ['a folder', 'certs', /names certs, which cannot be read/],
  ] as const)
    test(`${what}: refused, and nothing is read`, t => {
      const dir = folder(t)
      writeFileSync(join(dir, '..', 'outside'), 'secret')
      symlinkSync(join(dir, '..', 'outside'), join(dir, 'link'))
      writeFileSync(join(dir, 'large'), Buffer.alloc(1_048_577))
      writeFileSync(join(dir, 's.yaml'), secret(path))
      const load = new FileSource([dir], kinds).load()
      assert.equal(valueOf(load), null)
      assert.match(saidOf(load, dir), expected)
    })

  test('standard input has no folder beside it', () => {
    const load = new FileSource([], kinds, { texts: [{ name: '-', text: secret('p') }] }).load()
    assert.equal(valueOf(load), null)
    assert.match(saidOf(load, ''), /standard input has no folder/)
  })

  test('is followed: a renewed pair is believed when both of it are there', t => {
    const dir = folder(t)
    for (const name of ['p', 'q']) writeFileSync(join(dir, name), 'one')
    writeFileSync(join(dir, 's.yaml'), secret('p').replace('p }', 'p, file.portcullis.dev/key: q }'))
    let nowMs = 0
    const source = new FileSource([dir], kinds, { now: () => nowMs, debounceMs: 10, settleMs: 1_000 })
    t.after(() => source.close())
    assert.equal(valueOf(source.load()), 'one')
    const replace = (name: string): void => {
      writeFileSync(join(dir, `.${name}`), 'two')
      renameSync(join(dir, `.${name}`), join(dir, name))
    }
    replace('p')
    assert.equal(valueOf(source.load()), 'one')
    nowMs = 500
    replace('q')
    assert.equal(valueOf(source.load()), 'one')
    nowMs = 1_600
    const load = source.load()
    assert.deepEqual([valueOf(load), valueOf(load, 'key')], ['two', 'two'])
    assert.equal(source.load().resources.list[0], load.resources.list[0])
  })

  test('one that is gone keeps its last good version', t => {
    const dir = folder(t)
    writeFileSync(join(dir, 'p'), 'one')
    writeFileSync(join(dir, 's.yaml'), secret('p'))
    let nowMs = 0
    const source = new FileSource([dir], kinds, { now: () => nowMs })
    source.load()
    rmSync(join(dir, 'p'))
    source.load()
    nowMs = 5_000
    const load = source.load()
    assert.equal(valueOf(load), 'one')
    assert.match(saidOf(load, dir), /cannot be found/)
    assert.equal(load.held.length, 1)
  })
})
