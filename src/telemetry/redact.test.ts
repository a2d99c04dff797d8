import assert from 'node:assert/strict'
import { test } from 'node:test'
import { declareSecret, isSecretName, isSecretParameter, redactQuery, redactText } from './redact.ts'

for (const [name, secret] of [
  ['password', true],
  ['clientSecret', true],
  ['client_secret', true],
  ['Authorization', true],
  ['proxy-authorization', true],
  ['Set-Cookie', true],
  ['x-api-key', true],
  ['apiKey', true],
  ['apikey', true],
  ['accessToken', true],
  ['ACCESS_TOKEN', true],
  ['authorizationHeader', true],
  ['sessionId', false],
  ['secretName', false],
  ['tokenCount', false],
  ['key', false],
  ['portKey', false],
  ['cluster', false],
  ['passed', false],
  ['', false],
] as const)
  test(`a log field named ${JSON.stringify(name)} is ${secret ? '' : 'not '}secret`, () => {
    assert.equal(isSecretName(name), secret)
  })

for (const [query, shown] of [
  ['', ''],
  ['?', '?'],
  ['?a=1&b=2', '?a=1&b=2'],
  ['?token=abc', '?token=[redacted]'],
  ['token=abc', 'token=[redacted]'],
  ['?a=1&api_key=abc&b=2', '?a=1&api_key=[redacted]&b=2'],
  ['?key=abc&Key=abc', '?key=[redacted]&Key=[redacted]'],
  ['?monkey=abc&tokenizer=1', '?monkey=abc&tokenizer=1'],
  ['?%74oken=abc', '?%74oken=[redacted]'],
  ['?%zz=abc&pwd=%20', '?%zz=abc&pwd=[redacted]'],
  ['?token=a=b', '?token=[redacted]'],
  ['?token=&token', '?token=&token'],
  ['?code=1&state=2', '?code=[redacted]&state=2'],
  ['?X-Amz-Signature=1&X-Amz-Date=2', '?X-Amz-Signature=[redacted]&X-Amz-Date=2'],
  ['?AWSAccessKeyId=1', '?AWSAccessKeyId=[redacted]'],
  ['?&&password=x&', '?&&password=[redacted]&'],
  ['??token=x', '??token=[redacted]'],
  ['?a=1;token=x;y', '?a=1;token=[redacted]'],
  ['?token=x;y?z&b=2', '?token=[redacted]&b=2'],
  ['?a=/b?token=x&b=2', '?a=/b?token=[redacted]&b=2'],
  ['?a=1&amp;token=x', '?a=1&amp;token=[redacted]'],
  ['?next=https%3A%2F%2Fy%2F%3Fa%3D1%26token%3Dx&b=2', '?next=[redacted]&b=2'],
  ['?next=https%3A%2F%2Fy%2F%3Fa%3D1', '?next=https%3A%2F%2Fy%2F%3Fa%3D1'],
  ['?next=https%3A%2F%2Fu%3Apw%40y%2F', '?next=[redacted]'],
  ['?next=https://u:pw@y/', '?next=https://u:[redacted]@y/'],
  ['?mail=a@b.example', '?mail=a@b.example'],
  ['?SAMLResponse=x&RelayState=y', '?SAMLResponse=[redacted]&RelayState=y'],
  ['?ticket=ST-1&service=x', '?ticket=[redacted]&service=x'],
  ['?client_assertion=x&code_verifier=y', '?client_assertion=[redacted]&code_verifier=[redacted]'],
  ['?PHPSESSID=x&jsessionid=y&sid=z', '?PHPSESSID=[redacted]&jsessionid=[redacted]&sid=[redacted]'],
  [
    '?csrf=x&password_confirmation=y&pin=1',
    '?csrf=[redacted]&password_confirmation=[redacted]&pin=[redacted]',
  ],
  ['?shipping=1&inside=2', '?shipping=1&inside=2'],
] as const)
  test(`the query ${query} is shown as ${shown}`, () => assert.equal(redactQuery(query), shown))

for (const [text, shown] of [
  ['GET https://bob:s3cret@host/x failed', 'GET https://bob:[redacted]@host/x failed'],
  ['https://host:8080/a@b', 'https://host:8080/a@b'],
  ['sent Bearer abcdefgh.ijkl-mnop', 'sent Bearer [redacted]'],
  ['a basic mistake', 'a basic mistake'],
  ['x -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- y', 'x [redacted] y'],
  ['-----BEGIN PRIVATE KEY-----\nabc', '[redacted]'],
  ['-----BEGIN CERTIFICATE-----\nabc', '-----BEGIN CERTIFICATE-----\nabc'],
] as const)
  test(`secrets are found in text: ${JSON.stringify(text)}`, () => assert.equal(redactText(text), shown))

test('a hostile query costs linear time', () => {
  const time = (length: number): number => {
    const query = `?${'?%'.repeat(length)}token`
    const times = Array.from({ length: 20 }, () => {
      const began = performance.now()
      redactQuery(query)
      return performance.now() - began
    })
    // The best: what else the machine does is not the question.
    return Math.min(...times)
  }
  time(1_000)
  // Sixteen times the length: a quadratic pass would take 256 times as long.
  assert.ok(time(64_000) < 100 * Math.max(time(4_000), 0.01))
})

test('what is declared to carry credentials is secret, in whatever way it is written', () => {
  const before = '?plan=gold&partner.ref=abc&x=1'
  assert.equal(redactQuery(before), before)
  declareSecret(['Partner.Ref'])
  declareSecret([])
  for (const [query, shown] of [
    [before, '?plan=gold&partner.ref=[redacted]&x=1'],
    ['?PARTNER.REF=abc', '?PARTNER.REF=[redacted]'],
    ['?partner%2Eref=abc', '?partner%2Eref=[redacted]'],
    ['?partnerXref=abc', '?partnerXref=abc'],
  ] as const)
    assert.equal(redactQuery(query), shown)
  assert.deepEqual([isSecretParameter('partner.ref'), isSecretParameter('partner')], [true, false])
})

test('a key of this gateway is known wherever it stands, and what it is known by stays', () => {
  const key = 'pc_live_0123456789abcdef_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef_012345'
  const token = key.replace('pc_live', 'pcp')
  const text = redactText(`a ${key}, b=${token}`)
  assert.equal(text, 'a pc_live_0123456789abcdef_[redacted], b=pcp_0123456789abcdef_[redacted]')
  assert.equal(redactQuery(`?q=${key}&r=1`), '?q=pc_live_0123456789abcdef_[redacted]&r=1')
})
