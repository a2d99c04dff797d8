import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { Example, exampleFile } from '../support/example.ts'

test('its resources are what import makes of its document', async () => {
  const made = await portcullis([
    'import',
    'openapi',
    exampleFile('plans/openapi.yaml'),
    '--backend',
    ':9000',
  ])
  assert.equal(made.stdout, readFileSync(exampleFile('plans/portcullis/pets.yaml'), 'utf8'), made.stderr)
})

// What it tells people to try.
suite('the example of plans', () => {
  let example: Example
  let key = ''

  before(async () => {
    example = await Example.start('plans')
    key = /'X-API-Key: ([^']+)'/.exec(example.output)?.[1] ?? ''
    assert.match(key, /^pc_live_/, example.output)
  })

  after(async () => {
    await example.stop()
  })

  const get = (headers: Record<string, string> = {}) =>
    send(example.gateway, { method: 'GET', path: '/v1/pets', headers })

  test('nobody without a key', async () => {
    const { status, headers, body } = await get()
    assert.equal(status, 401)
    assert.ok(headers['www-authenticate'])
    assert.match(body, /"reason":"authentication_required"/)
  })

  test('with the key there is an answer, and what is left', async () => {
    const { status, headers, body } = await get({ 'X-API-Key': key })
    assert.deepEqual(
      [status, JSON.parse(body)],
      [
        200,
        [
          { id: 1, name: 'Ada' },
          { id: 2, name: 'Brunel' },
        ],
      ],
    )
    assert.match(String(headers['ratelimit']), /"burst";r=\d+;t=\d+, "daily";r=\d+;t=\d+/)
  })

  test('over the limit it is 429, until Retry-After', async () => {
    // Ten at once and five more each second: so many are never all within it.
    const answers = await Promise.all(Array.from({ length: 60 }, () => get({ 'X-API-Key': key })))
    const last = answers.find(({ status }) => status === 429)
    assert.ok(last, answers.map(({ status }) => status).join(' '))
    assert.match(String(last.headers['retry-after']), /^[1-9]\d*$/)
    assert.match(last.body, /"reason":"plan_rate_limited"/)
  })
})
