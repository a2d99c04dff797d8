import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, origin } from '../../../../test/support/exchange.ts'
import { kit } from '../../../../test/support/kit.ts'
import type { Filter } from '../../../filters/filter.ts'
import { Answers } from '../../../shared/questions.ts'
import { acmeChallenge } from './challenge-filter.ts'

const TOKEN = 'DGyRejmCefe7v4NfDGDKfA_1234-5678'
const PREFIX = '/.well-known/acme-challenge/'

function filter(channel: string): Filter {
  return acmeChallenge.compile({ type: 'acme-challenge', origin, channel, names: ['a.example'] }, kit())
}

/** Each row: method, host, path, and whether somebody is asked. */
for (const [method, host, path, asked] of [
  ['GET', 'a.example', `${PREFIX}${TOKEN}`, true],
  ['GET', 'a.example:8080', `${PREFIX}${TOKEN}`, true],
  ['HEAD', 'a.example', `${PREFIX}${TOKEN}`, true],
  ['POST', 'a.example', `${PREFIX}${TOKEN}`, false],
  ['GET', 'b.example', `${PREFIX}${TOKEN}`, false],
  ['GET', 'a.example', '/.well-known/acme-challenge', false],
  ['GET', 'a.example', `/x${PREFIX}${TOKEN}`, false],
] as const)
  test(`${method} of ${path} at ${host} ${asked ? 'is answered' : 'goes on'}`, async () => {
    const answers = new Answers('challenge-filter', () => Promise.resolve('answer'))
    const head = { method, hostname: host.split(':')[0]!, authority: host, path }
    const { request, urgent } = filter('challenge-filter')
    assert.equal(urgent?.(exchange(head)), asked)
    const verdict = await request?.(exchange(head))
    answers.close()
    if (!asked) return assert.equal(verdict, undefined)
    assert.ok(verdict !== undefined && 'status' in verdict)
    assert.deepEqual([verdict.status, verdict.body], [200, 'answer'])
  })

test('what nobody here has asked for goes on to the routes, where another program may answer', async () => {
  const answers = new Answers('challenge-filter-2', () => Promise.resolve(null))
  const head = { method: 'GET', hostname: 'a.example', authority: 'a.example', path: `${PREFIX}${TOKEN}` }
  assert.equal(await filter('challenge-filter-2').request?.(exchange(head)), undefined)
  answers.close()
})

test('where nothing runs, nobody is asked', () => assert.equal(filter('').request, undefined))
