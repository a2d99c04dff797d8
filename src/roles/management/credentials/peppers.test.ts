import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseKeyText, parseTokenText } from './key-text.ts'
import { issueKey, issueToken } from './keys.ts'
import { isRightSecret, Pepper, sameHash } from './peppers.ts'
import { PeppersFault, PeppersFile } from './peppers-file.ts'

const folder = (): string => join(mkdtempSync(join(tmpdir(), 'peppers-')), 'secrets')

suite('hashes of secrets', () => {
  test('are HMAC-SHA-256, as another program computes it', () =>
    // python3: base64.urlsafe_b64encode(hmac.digest(bytes(range(32)), b'0123456789abcdef.secret', 'sha256'))
    assert.equal(
      new Pepper(Buffer.from(Array.from({ length: 32 }, (_, i) => i))).hash('0123456789abcdef', 'secret'),
      'XiJrVZc4L9vxIhGMHC52jUcLqSs8W4bib-u0USck9zo',
    ))

  for (const [a, b, expected] of [
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'ab', false],
    ['', '', true],
  ] as const)
    test(`${a} and ${b} are ${expected ? 'the same' : 'two'}`, () => assert.equal(sameHash(a, b), expected))

  test('an issued key is right, under its own pepper also when there is another one', () => {
    const file = new PeppersFile(folder())
    const { peppers } = file.open(true)
    const key = issueKey('live', peppers)
    const parts = parseKeyText(key.text)!
    assert.deepEqual([parts.id, key.prefix, key.pepper], [key.keyId, `pc_live_${key.keyId}`, 1])
    assert.equal(isRightSecret(peppers, parts, key), true)
    assert.equal(isRightSecret(peppers, { ...parts, secret: parts.secret.slice(1) }, key), false)
    assert.ok(!JSON.stringify({ ...key, text: '' }).includes(parts.secret))
    file.use(file.add())
    const later = file.reread()!
    assert.equal(isRightSecret(later, parts, key), true)
    const token = issueToken(later)
    assert.equal(token.pepper, 2)
    assert.equal(isRightSecret(later, parseTokenText(token.text)!, token), true)
    file.drop(1)
    assert.equal(isRightSecret(file.reread()!, parts, key), null)
  })
})

suite('the file of peppers', () => {
  test('is made once, for its owner alone, and is the same at the next start', () => {
    const dir = folder()
    const first = new PeppersFile(dir).open(true)
    assert.deepEqual([first.made, first.warning, first.peppers.current], [true, null, 1])
    assert.equal(statSync(join(dir, 'peppers.json')).mode & 0o777, 0o600)
    assert.equal(statSync(dir).mode & 0o777, 0o700)
    const second = new PeppersFile(dir).open(true)
    assert.deepEqual([second.made, second.peppers], [false, first.peppers])
  })

  test('is not made where another gateway has the real one', () =>
    assert.throws(() => new PeppersFile(folder()).open(false), /there is no .*peppers\.json/))

  test('that others may read serves, with a warning', () => {
    const dir = folder()
    new PeppersFile(dir).open(true)
    chmodSync(join(dir, 'peppers.json'), 0o644)
    assert.match(new PeppersFile(dir).open(true).warning!, /expected mode 0600/)
  })

  test('is read again when it is another one, and only then', () => {
    const file = new PeppersFile(folder())
    file.open(true)
    assert.equal(file.reread(), null)
    const version = file.add()
    assert.deepEqual([file.reread()?.current, file.reread()], [1, null])
    file.use(version)
    assert.equal(file.reread()?.current, version)
    assert.throws(() => file.drop(version), PeppersFault)
    assert.throws(() => file.use(9), PeppersFault)
  })

  const bytes = Buffer.alloc(32, 7).toString('base64')
  for (const [what, text] of [
    ['nothing', ''],
    ['no JSON', '{'],
    ['no peppers', '{"current":1}'],
    ['a current one that is not there', JSON.stringify({ current: 2, peppers: { 1: bytes } })],
    ['a short pepper', JSON.stringify({ current: 1, peppers: { 1: 'YWJj' } })],
    ['no base64', JSON.stringify({ current: 1, peppers: { 1: `${bytes} ` } })],
    ['a version that is none', JSON.stringify({ current: 1, peppers: { 1: bytes, x: bytes } })],
  ] as const)
    test(`with ${what} is refused by its name, and left as it is`, () => {
      const file = new PeppersFile(folder())
      file.open(true)
      writeFileSync(file.file, text)
      assert.throws(() => file.open(true), /peppers\.json cannot be used, expected \{ "current"/)
      assert.equal(readFileSync(file.file, 'utf8'), text)
    })
})
