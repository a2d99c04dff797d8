import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { Base64Decoder } from './base64.ts'

/** What the pieces decode to, or null where they are refused or end within a group. */
function decoded(...pieces: readonly string[]): string | null {
  const decoder = new Base64Decoder()
  let text = ''
  for (const piece of pieces) {
    const bytes = decoder.decode(Buffer.from(piece), 0, piece.length)
    if (bytes === null) return null
    text += bytes.toString('latin1')
  }
  return decoder.whole ? text : null
}

suite('base64 in pieces', () => {
  for (const [pieces, expected] of [
    [[''], ''],
    [['Zm9v'], 'foo'],
    [['Z', 'm', '9', 'v'], 'foo'],
    [['Zg=='], 'f'],
    [['Zm8='], 'fo'],
    [['Zg==Zm8=Zm9v'], 'ffofoo'],
    [['Zg=', '=Zm', '8='], 'ffo'],
    [['/+8A'], '\xff\xef\x00'],
    // Cut short, or not base64.
    [['Zm9'], null],
    [['Zg='], null],
    [['===='], null],
    [['Z==='], null],
    [['Zg=A'], null],
    [['Zm9v\n'], null],
    [['Zm9-'], null],
    [['Zm_v'], null],
    // Bits that no byte takes.
    [['Zh=='], null],
    [['Zm9='], null],
  ] as const)
    test(`${JSON.stringify(pieces)} is ${expected === null ? 'refused' : JSON.stringify(expected)}`, () => {
      assert.equal(decoded(...pieces), expected)
    })

  test('what was encoded comes back, wherever it is cut', () => {
    const bytes = randomBytes(1000)
    const text = bytes.toString('base64')
    for (let cut = 1; cut < 100; cut++) {
      const pieces: string[] = []
      for (let at = 0; at < text.length; at += cut) pieces.push(text.slice(at, at + cut))
      assert.equal(decoded(...pieces), bytes.toString('latin1'))
    }
  })
})
