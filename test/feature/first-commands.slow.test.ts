import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { portcullis } from '../support/command.ts'
import { requirePeer } from '../support/peer.ts'
import { freePort, Folder, RunProcess } from '../support/process.ts'
import { gateway, yamlOf } from '../support/resources.ts'
import { run } from '../support/tls.ts'

// What a new user meets before anything is configured.

const work = mkdtempSync(join(tmpdir(), 'portcullis-first-'))
after(() => rmSync(work, { recursive: true }))

suite('portcullis init', () => {
  const folder = join(work, 'new')

  test('makes what check, fmt and editors have nothing to say against', async () => {
    const made = await portcullis(['init', folder])
    assert.equal(made.code, 0, made.stderr)
    assert.deepEqual(readdirSync(folder).toSorted(), ['.schema.json', 'gateway.yaml'])
    const checked = await portcullis(['check', folder])
    assert.equal(checked.code, 0, checked.stdout)
    assert.doesNotMatch(checked.stdout + checked.stderr, /warning/)
    assert.equal((await portcullis(['fmt', '--check', folder])).code, 0)
    // Editors take the line for one document, not for the file.
    for (const document of readFileSync(join(folder, 'gateway.yaml'), 'utf8').split('---\n'))
      assert.equal(document.split('\n')[0], '# yaml-language-server: $schema=.schema.json')
    const { stdout } = await portcullis(['schema'])
    assert.equal(stdout, readFileSync(join(folder, '.schema.json'), 'utf8'))
  })

  test('what is commented out is served too, once its certificate is there', async () => {
    const file = join(folder, 'gateway.yaml')
    const text = readFileSync(file, 'utf8')
    const active = text.replaceAll(
      /^( +)# (?=(- name|  (protocol|port|tls|certificateRefs)|    (certificateRefs)|      - name|timeouts|  request|hostnames))/gm,
      '$1',
    )
    assert.notEqual(active, text)
    writeFileSync(file, active)
    const made = await portcullis([
      'cert',
      'shop.localhost',
      '--data',
      join(work, 'state'),
      '--save',
      join(folder, 'tls.yaml'),
    ])
    assert.equal(made.code, 0, made.stderr)
    const checked = await portcullis(['check', folder])
    assert.equal(checked.code, 0, checked.stdout + active)
    assert.match(checked.stdout, /2 ports/)
  })

  test('writes over nothing', async () => {
    const { code, stderr } = await portcullis(['init', folder])
    assert.equal(code, 1)
    assert.match(stderr, /is not empty/)
  })
})

suite('where there is no ./portcullis', () => {
  for (const args of [['run'], ['check'], ['explain', 'GET', 'http://a.example/'], ['fmt']])
    test(`portcullis ${args.join(' ')} says how to make it`, async () => {
      const { code, stdout, stderr } = await portcullis(args)
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /^portcullis: there is no folder \.\/portcullis here; .*: portcullis init\n$/)
    })
})

suite('portcullis fmt', () => {
  test('writes what it has formatted, and names it', async () => {
    const folder = mkdtempSync(join(work, 'fmt-'))
    const file = join(folder, 'a.yaml')
    writeFileSync(file, 'kind: X\napiVersion: y/v1\nmetadata: {name: z}\n')
    const asked = await portcullis(['fmt', '--check', folder])
    assert.deepEqual([asked.code, asked.stdout], [1, `${file}\n`])
    assert.equal((await portcullis(['fmt', folder])).code, 0)
    assert.equal(readFileSync(file, 'utf8'), 'apiVersion: y/v1\nkind: X\nmetadata: { name: z }\n')
    assert.equal((await portcullis(['fmt', '--check', folder])).code, 0)
  })

  test('leaves a file as secret as it was, a link a link, and what is no text as it is', async () => {
    const folder = mkdtempSync(join(work, 'fmt-'))
    const [secret, link, binary] = [
      join(folder, 'secret.yaml'),
      join(folder, 'link.yaml'),
      join(folder, 'binary.yaml'),
    ]
    writeFileSync(secret, 'a: {b: 1}\n', { mode: 0o600 })
    symlinkSync(secret, link)
    const bytes = Buffer.from('a: {b: "\xff"}\n', 'latin1')
    writeFileSync(binary, bytes)
    const { code, stderr } = await portcullis(['fmt', link, binary])
    assert.deepEqual([code, stderr], [1, `${binary} is not UTF-8, expected text in UTF-8\n`])
    assert.deepEqual(readFileSync(binary), bytes)
    assert.equal(readFileSync(secret, 'utf8'), 'a: { b: 1 }\n')
    assert.equal(statSync(secret).mode & 0o777, 0o600)
    assert.ok(lstatSync(link).isSymbolicLink())
  })

  test('reads standard input', async () => {
    const { code, stdout } = await portcullis(['fmt', '-'], 'a: {b: 1}\n')
    assert.deepEqual([code, stdout], [0, 'a: { b: 1 }\n'])
    assert.equal((await portcullis(['fmt', '-'], 'a: [')).code, 1)
  })
})

suite('portcullis healthcheck', () => {
  test('0 where the gateway serves, 1 with the reason where nobody answers', async () => {
    using folder = new Folder({ 'all.yaml': yamlOf(gateway([{ name: 'web', port: await freePort() }])) })
    await using process = await RunProcess.start([folder.path], '--workers', '1')
    await process.started()
    assert.equal((await portcullis(['healthcheck', '--admin', `127.0.0.1:${process.admin}`])).code, 0)
    const nobody = await portcullis(['healthcheck', '--admin', `127.0.0.1:${await freePort()}`])
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /ECONNREFUSED/)
  })
})

suite('portcullis completion', () => {
  test('bash completes commands, flags and values', async t => {
    const bash = requirePeer(t, 'bash')
    if (bash === null) return
    const { stdout } = await portcullis(['completion', 'bash'])
    const complete = (...words: readonly string[]) =>
      run(
        bash,
        [],
        `${stdout}\nCOMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _portcullis; echo "\${COMPREPLY[@]}"\n`,
      )
    assert.equal(await complete('portcullis', 'ex'), 'explain\n')
    assert.match(await complete('portcullis', 'run', '--w'), /^--workers\n$/)
    assert.match(await complete('portcullis', 'check', '--output', 'j'), /^json\n$/)
    assert.equal(await complete('portcullis', 'keys', 'ro'), 'rotate\n')
    assert.equal(await complete('portcullis', 'keys', 'rotate', '--ov'), '--overlap\n')
    assert.equal(await complete('portcullis', 'keys', 'list', '-o', 'j'), 'json\n')
  })

  for (const shell of ['zsh', 'fish'])
    test(`${shell} can read its script`, async t => {
      const program = requirePeer(t, shell)
      if (program === null) return
      const { stdout } = await portcullis(['completion', shell])
      const file = join(work, `completion.${shell}`)
      writeFileSync(file, stdout)
      assert.equal(execFileSync(program, ['-n', file], { encoding: 'utf8' }), '')
      if (shell === 'fish')
        assert.match(
          execFileSync(program, ['-c', `source ${file}; complete -C 'portcullis ex'`], { encoding: 'utf8' }),
          /^explain/,
        )
      if (shell === 'fish')
        assert.match(
          execFileSync(program, ['-c', `source ${file}; complete -C 'portcullis keys ro'`], {
            encoding: 'utf8',
          }),
          /^rotate/,
        )
    })

  test('another shell is refused with those there are', async () => {
    const { code, stderr } = await portcullis(['completion', 'csh'])
    assert.equal(code, 2)
    assert.match(stderr, /expected bash, zsh, fish/)
  })
})
