import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { requirePeer } from '../support/peer.ts'
import { Folder } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const { NO_COLOR: _, FORCE_COLOR: __, ...plain } = process.env

function portcullis(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}) {
  const run = spawnSync(process.execPath, [main, ...args], {
    input,
    encoding: 'utf8',
    env: { ...plain, ...env },
  })
  return { status: run.status, stdout: run.stdout, stderr: run.stderr }
}

const good = yamlOf(
  gateway(),
  httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
  backend('up', [9000]),
)
const broken = good.replace('backendRefs', 'backendRef')
const another = yamlOf(backend('other', [9001]))
const doubtful = good.replace('"backendRefs"', '"matches":[{"path":{"value":"/api/*"}}],"backendRefs"')

suite('check', () => {
  for (const [what, text, args, status] of [
    ['0 where all is well', good, [], 0],
    ['0 where there are warnings only', doubtful, [], 0],
    ['1 where it is to be strict with them', doubtful, ['--strict'], 1],
    ['1 where something would not serve', broken, [], 1],
    ['2 for wrong use', good, ['--nonsense'], 2],
    ['2 for a form that is none', good, ['-o', 'xml'], 2],
  ] as const)
    test(`ends with ${what}, of standard input too`, () => {
      using folder = new Folder({ 'all.yaml': text })
      assert.equal(portcullis(['check', ...args, folder.path]).status, status)
      assert.equal(portcullis(['check', ...args, '-'], text).status, status)
    })

  test('standard input has a name, and its lines are shown', () => {
    const { stdout } = portcullis(['check', '-'], broken)
    assert.match(stdout, /^<stdin>:\d+:\d+ HTTPRoute\/r spec\.rules\[0\]\.backendRef: unknown field/m)
    assert.match(stdout, /^ +\d+ \|.*backendRef/m)
  })

  test('several paths are one whole, standard input among them', () => {
    const [first = '', ...rest] = good.split(/^---$/m)
    using one = new Folder({ 'gateway.yaml': first })
    using two = new Folder({ 'rest.yaml': rest.slice(0, -1).join('---') })
    const paths = ['check', one.path, two.path, '-']
    assert.equal(portcullis(paths, rest.at(-1)).status, 0)
    assert.equal(portcullis(paths).status, 1)
  })

  test('explain reads several paths and standard input too', () => {
    using folder = new Folder({ 'all.yaml': good })
    const asked = ['explain', 'GET', 'http://a.example/']
    const { stdout, status } = portcullis([...asked, '-'], good)
    assert.match(stdout, /route +httproute\/default\/r\/0/, String(status))
    assert.equal(portcullis([...asked, folder.path, '-'], another).status, 0)
  })

  test('run follows its paths, and standard input cannot be followed', () => {
    const { status, stderr } = portcullis(['run', '-'], good)
    assert.deepEqual(
      [status, stderr],
      [2, 'portcullis: run: - is no path to follow, expected files or folders\n'],
    )
  })

  test('JSON has each finding with its place', () => {
    const { stdout } = portcullis(['check', '-o', 'json', '-'], broken)
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Record<string, unknown>[] }
    assert.equal(ok, false)
    assert.deepEqual(
      findings.map(({ severity, path, position }) => [severity, path, (position as { file: string }).file]),
      [['error', ['spec', 'rules', 0, 'backendRef'], '<stdin>']],
    )
  })

  test('a pipe gets no colours, unless they are wanted', () => {
    assert.doesNotMatch(portcullis(['check', '-'], broken).stdout, /\x1b/)
    assert.match(portcullis(['check', '-'], broken, { FORCE_COLOR: '1' }).stdout, /\x1b\[31m/)
  })

  for (const [env, colours] of [
    [{}, true],
    [{ NO_COLOR: '1' }, false],
  ] as const)
    test(`a terminal gets ${colours ? 'colours' : 'none with NO_COLOR'}`, t => {
      const script = requirePeer(t, 'script')
      if (script === null) return
      using folder = new Folder({ 'all.yaml': broken })
      const command = `exec ${process.execPath} ${main} check ${folder.path}`
      const { stdout, status } = spawnSync(script, ['-qefc', command, '/dev/null'], {
        encoding: 'utf8',
        env: { ...plain, TERM: 'xterm', ...env },
      })
      assert.equal(status, 1)
      assert.match(stdout, /unknown field/)
      assert.equal(stdout.includes('\x1b[31m'), colours)
    })
})
