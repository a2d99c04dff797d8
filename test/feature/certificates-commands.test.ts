import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { Authority } from '../support/certificates.ts'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { askOnce, failureOf } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

// HTTPS of one's own, by the commands that README names.

const work = mkdtempSync(join(tmpdir(), 'portcullis-cert-'))
after(() => rmSync(work, { recursive: true }))
const data = join(work, 'state')

const served = (port: number, upstream: number, secret: string): string =>
  yamlOf(
    gateway([{ name: 'web', port, protocol: 'HTTPS', tls: { certificateRefs: [{ name: secret }] } }]),
    httpRoute('r', { rules: [{ matches: [prefix('/')], backendRefs: [to('up')] }] }),
    backend('up', [upstream]),
  )

suite('portcullis cert', () => {
  test('makes what a listener serves, and its authority makes clients trust', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('hello'))
    const port = await freePort()
    using folder = new Folder({ 'all.yaml': served(port, upstream.port, 'shop.localhost-tls') })
    const file = join(folder.path, 'tls.yaml')
    const made = await portcullis([
      'cert',
      'shop.localhost',
      '*.shop.localhost',
      '127.0.0.1',
      '--data',
      data,
      '--save',
      file,
    ])
    assert.equal(made.code, 0, made.stderr)
    const ca = readFileSync(join(data, 'authority', 'ca.crt'), 'utf8')
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    for (const name of ['shop.localhost', 'api.shop.localhost'])
      assert.equal((await askOnce(port, name, { ca })).body, 'hello')
    assert.match(await failureOf(port, 'other.localhost', { ca }), /ERR_TLS_CERT_ALTNAME_INVALID/)
    assert.match(await failureOf(port, 'shop.localhost'), /UNABLE_TO_VERIFY|SELF_SIGNED/)
  })

  test('keeps its keys from others, and its authority for the next time', async () => {
    const first = await portcullis(['cert', 'a.localhost', '--data', data])
    const again = await portcullis(['cert', 'b.localhost', '--data', data])
    assert.match(first.stdout, /name: a\.localhost-tls/)
    const fingerprint = (text: string) => /SHA-256 ([0-9A-F:]+)/.exec(text)?.[1]
    assert.notEqual(fingerprint(first.stderr), undefined)
    assert.equal(fingerprint(first.stderr), fingerprint(again.stderr))
    const mode = (path: string) => statSync(path).mode & 0o777
    assert.equal(mode(join(data, 'authority')), 0o700)
    assert.equal(mode(join(data, 'authority', 'ca.key')), 0o600)
    await portcullis(['cert', 'a.localhost', '--data', data, '--save', join(work, 's.yaml')])
    assert.equal(mode(join(work, 's.yaml')), 0o600)
  })

  test('a folder for the authority that cannot be made is named, with the flag for another one', async () => {
    const state = join(work, 'unwritable')
    mkdirSync(state)
    symlinkSync('/nowhere/at/all', join(state, 'authority'))
    const { code, stderr } = await portcullis(['cert', 'a.localhost', '--data', state])
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^portcullis: cannot make .*authority for a new authority, choose .* --data: [^\n]+\n$/,
    )
  })

  for (const [args, code, expected] of [
    [['cert'], 2, /needs a NAME/],
    [['cert', 'a b'], 2, /"a b" is no name of a server/],
    [['cert', 'a.*.b'], 2, /is no name of a server/],
    [['cert', 'a.localhost', '--days', '400'], 2, /expected 1 to 398/],
    [['cert', 'a.localhost', '--save', '/nowhere/at/all.yaml'], 1, /cannot write \/nowhere/],
  ] as const)
    test(`portcullis ${args.join(' ')}: refused with ${code}`, async () => {
      const { code: got, stderr, stdout } = await portcullis([...args, '--data', data])
      assert.equal(got, code)
      assert.match(stderr, expected)
      assert.equal(stdout, '')
    })

  test('an authority of which a half is lost is not made anew over the other', async () => {
    const half = join(work, 'half')
    await portcullis(['cert', 'a.localhost', '--data', half])
    rmSync(join(half, 'authority', 'ca.key'))
    const { code, stderr } = await portcullis(['cert', 'a.localhost', '--data', half])
    assert.equal(code, 1)
    assert.match(stderr, /only one of ca\.crt and ca\.key/)
  })
})

suite('portcullis secret', () => {
  test('tls: what it makes is served', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('hello'))
    const authority = await Authority.make()
    const { chain, key } = await authority.issue({ names: ['own.example'] })
    writeFileSync(join(work, 'own.crt'), chain)
    writeFileSync(join(work, 'own.key'), key)
    const args = ['secret', 'tls', 'own', '--cert', join(work, 'own.crt'), '--key', join(work, 'own.key')]
    const { code, stdout } = await portcullis(args)
    assert.equal(code, 0)
    const port = await freePort()
    using folder = new Folder({ 'all.yaml': served(port, upstream.port, 'own'), 'secret.yaml': stdout })
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    assert.equal((await askOnce(port, 'own.example', { ca: authority.root })).body, 'hello')
  })

  test('tls: what a listener would refuse is refused, by the names of the files', async () => {
    const authority = await Authority.make()
    const [one, two, old] = await Promise.all([
      authority.issue({ names: ['one.example'] }),
      authority.issue({ names: ['two.example'] }),
      authority.issue({ names: ['old.example'], days: -1 }),
    ])
    for (const [name, text] of Object.entries({
      '1.crt': one.chain,
      '2.key': two.key,
      'old.crt': old.chain,
      'old.key': old.key,
    }))
      writeFileSync(join(work, name), text)
    const tls = (cert: string, key: string) =>
      portcullis(['secret', 'tls', 'x', '--cert', join(work, cert), '--key', join(work, key)])
    const mixed = await tls('1.crt', '2.key')
    assert.equal(mixed.code, 1)
    assert.match(mixed.stderr, /the key in \S+2\.key is not that of the first certificate in \S+1\.crt/)
    assert.match((await tls('old.crt', 'old.key')).stderr, /expired on 20/)
    assert.match((await tls('no.crt', 'old.key')).stderr, /no\.crt: ENOENT/)
  })

  test('generic: values from files', async () => {
    writeFileSync(join(work, 'ca.crt'), (await Authority.make()).root)
    const { code, stdout } = await portcullis([
      'secret',
      'generic',
      'trust',
      '-n',
      'shop',
      '--from-file',
      `ca.crt=${join(work, 'ca.crt')}`,
    ])
    assert.equal(code, 0)
    assert.match(
      stdout,
      /namespace: shop\ntype: Opaque\nstringData:\n {2}ca\.crt: \|\n {4}-----BEGIN CERTIFICATE-----/,
    )
  })
})
