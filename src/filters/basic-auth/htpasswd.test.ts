import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apr1, hashKind, htpasswdLines, sameText, sha1Hash } from './htpasswd.ts'

// Made by: openssl passwd -apr1 -salt SALT PASSWORD
for (const [password, hash] of [
  ['secret', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'],
  ['', '$apr1$abcdefgh$L.PT565ESX4Tp2bqNs7Ie.'],
  ['pässwörd', '$apr1$abcdefgh$030j6I3f1zNCF9tihqdd11'],
  [
    'a very long password that is longer than sixteen bytes, and than sixty-four bytes as well',
    '$apr1$abcdefgh$SZ9ixNVWEo/jaZkBITtId0',
  ],
  ['secret', '$apr1$xy$94JxxwMvxqQwA3Iid6OL9.'],
] as const)
  test(`apr1 of ${JSON.stringify(password)}`, () => assert.equal(apr1(password, hash), hash))

test('sha1 is as htpasswd -s writes it', () =>
  assert.equal(sha1Hash('secret'), '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='))

for (const [hash, kind] of [
  ['$2y$10$6GABvVO3L64FFXLiu5T39.5aaoeY0Lq69EP4fsHpf75YWlLfLq28m', 'bcrypt'],
  ['$2b$04$6GABvVO3L64FFXLiu5T39.5aaoeY0Lq69EP4fsHpf75YWlLfLq28m', 'bcrypt'],
  ['$2y$15$6GABvVO3L64FFXLiu5T39.5aaoeY0Lq69EP4fsHpf75YWlLfLq28m', null],
  ['$2y$10$short', null],
  ['$apr1$xy$sLG6I0Y6iGNyEYhw4z6vL1', 'apr1'],
  ['{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'sha1'],
  ['{PLAIN}secret', null],
  ['secret', null],
  ['$5$salt$hash', null],
  ['', null],
] as const)
  test(`the hash ${hash} is ${kind ?? 'none that is known'}`, () => assert.equal(hashKind(hash), kind))

test('lines of htpasswd', () => {
  const text = '# users\n\nada:one\nbob:two:a comment\r\nada:three\n  eve:four  \nnobody\n'
  assert.deepEqual(htpasswdLines(text), [
    { number: 3, user: 'ada', hash: 'one' },
    { number: 4, user: 'bob', hash: 'two' },
    { number: 6, user: 'eve', hash: 'four' },
    { number: 7, user: 'nobody', hash: '' },
  ])
})

test('texts are the same or not', () => {
  assert.equal(sameText('a', 'a'), true)
  assert.equal(sameText('a', 'b'), false)
  assert.equal(sameText('a', ''), false)
})
