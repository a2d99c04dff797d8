import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { newKeyText, newTokenText, parseKeyText, parseTokenText, shownPrefix } from './key-text.ts'

// Of another program (Python's binascii.crc32 and base 62): what clients hold must be read for ever as it is today.
const VECTOR_ID = '0123456789abcdef'
const VECTOR_SECRET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef'

suite('text of keys', () => {
  for (const [head, environment, checksum] of [
    ['pc_live', 'live', '3VB0LP'],
    ['pc_test2', 'test2', '1W3t36'],
  ] as const)
    test(`reads a key of ${environment} that was written elsewhere`, () => {
      const text = `${head}_${VECTOR_ID}_${VECTOR_SECRET}_${checksum}`
      assert.deepEqual(parseKeyText(text), { environment, id: VECTOR_ID, secret: VECTOR_SECRET })
    })

  test('reads a token that was written elsewhere', () => {
    const text = `pcp_${VECTOR_ID}_${VECTOR_SECRET}_0os3ax`
    assert.deepEqual(parseTokenText(text), { environment: '', id: VECTOR_ID, secret: VECTOR_SECRET })
  })

  const good = `pc_live_${VECTOR_ID}_${VECTOR_SECRET}_3VB0LP`
  for (const [what, text] of [
    ['nothing', ''],
    ['something else', 'Bearer abc'],
    ['a key without its checksum', good.slice(0, -7)],
    ['a wrong checksum', `${good.slice(0, -1)}${good.endsWith('z') ? 'y' : 'z'}`],
    ['another letter in the secret', good.replace('ABC', 'ABD')],
    ['another letter in the id', good.replace('_0123', '_0124')],
    ['another environment', good.replace('live', 'test')],
    ['a letter that none has', good.replace('ABC', 'AB-')],
    ['capitals in the id', good.replace('abcdef_', 'ABCDEF_')],
    ['a blank behind it', `${good} `],
    ['a line behind it', `${good}\n`],
    ['two of them', `${good}${good}`],
    ['a long environment', good.replace('live', 'a'.repeat(17))],
    ['a token', `pcp_${VECTOR_ID}_${VECTOR_SECRET}_0os3ax`],
    ['much', `pc_${'a'.repeat(1_000_000)}`],
  ] as const)
    test(`refuses ${what}`, () => assert.equal(parseKeyText(text), null))

  test('reads every key that it makes, and none with one letter changed', () => {
    const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_'
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]{1,16}$/),
        fc.nat(),
        fc.nat(letters.length - 1),
        (environment, at, letter) => {
          const { text, ...parts } = newKeyText(environment)
          assert.deepEqual(parseKeyText(text), parts)
          const place = at % text.length
          const changed = text.slice(0, place) + letters[letter]! + text.slice(place + 1)
          if (changed !== text) assert.equal(parseKeyText(changed), null)
        },
      ),
    )
  })

  test('no two are alike, and each letter of a secret is about as likely as any other', () => {
    const made = Array.from({ length: 2_000 }, () => newKeyText('live'))
    assert.equal(new Set(made.map(({ id }) => id)).size, made.length)
    const counts = new Map<string, number>()
    for (const letter of made.flatMap(({ secret }) => secret.split('')))
      counts.set(letter, (counts.get(letter) ?? 0) + 1)
    assert.equal(counts.size, 62)
    // 64,000 letters: 1,032 of each, give or take 32; bytes modulo 62 would make 8 of them 1,250.
    assert.ok(Math.max(...counts.values()) < 1_210, String(Math.max(...counts.values())))
  })

  test('shows what it is known by, and nothing of its secret', () => {
    const { text, secret, ...parts } = newKeyText('live')
    assert.ok(text.startsWith(`${shownPrefix(parts)}_`))
    assert.ok(!shownPrefix(parts).includes(secret))
    assert.match(shownPrefix(newTokenText()), /^pcp_[a-z0-9]{16}$/)
  })

  test('takes no environment that would be another part', () =>
    assert.throws(() => newKeyText('li_ve'), RangeError))
})
