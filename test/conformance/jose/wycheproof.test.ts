import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SignatureCheck } from '../../../src/roles/management/authentication/jwt/signature.ts'
import { jwtAlgorithms } from '../../../src/roles/management/kinds/defaults.ts'
import type { IssuerRow } from '../../../src/roles/management/rows.ts'

interface Vectors {
  readonly testGroups: readonly {
    readonly comment: string
    readonly public?: { readonly [name: string]: string }
    readonly tests: readonly { readonly tcId: number; readonly jws: unknown; readonly result: string }[]
  }[]
}

/** In the folder that .ci/run names, as the module of Go that has them. */
function vectors(): Vectors | null {
  const folder = process.env['WYCHEPROOF']
  if (folder === undefined) return null
  const file = join(folder, 'testvectors_v1', 'json_web_signature_test.json')
  return JSON.parse(readFileSync(file, 'utf8')) as Vectors
}

test('signatures of the Wycheproof project', async t => {
  const found = vectors()
  if (found === null) {
    if (process.env['CI']) throw new Error('WYCHEPROOF does not name its folder, and CI must not skip')
    return t.skip('WYCHEPROOF does not name the folder of the test vectors (see .ci/run)')
  }
  const counts = { right: 0, refused: 0 }
  for (const { comment, public: key, tests } of found.testGroups) {
    // Secrets that issuer and gateway share are not among the keys that are taken.
    const keys: IssuerRow['keys'] = key === undefined ? [] : [key]
    const check = new SignatureCheck(keys, jwtAlgorithms)
    for (const { tcId, jws, result } of tests) {
      const signature = typeof jws === 'string' ? await check.of(jws) : 'wrong'
      // A key that names an algorithm is for that one alone (RFC 7517 §4.4); four good ones are signed by another.
      const expected = result === 'valid' && isTaken(algorithmOf(jws), key?.['alg'])
      assert.equal(signature === 'right', expected, `${comment}, number ${tcId}`)
      counts[expected ? 'right' : 'refused']++
    }
  }
  assert.ok(counts.right >= 30 && counts.refused >= 300, JSON.stringify(counts))
})

function isTaken(algorithm: string, ofKey: string | undefined): boolean {
  return algorithm === ofKey && jwtAlgorithms.some(name => name === algorithm)
}

function algorithmOf(jws: unknown): string {
  const header = Buffer.from(String(jws).split('.')[0]!, 'base64url').toString()
  return (JSON.parse(header) as { readonly alg: string }).alg
}
