import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../http/fields.ts'
import { compileJudge } from './answer.ts'
import type { AskHttp } from './config.ts'

const ask: AskHttp = {
  protocol: 'http',
  target: { type: 'prefix', value: '' },
  method: '',
  authority: '',
  success: '2xx',
  brought: ['x-user', 'authorization'],
}
const answer = (status: number, list: string[] = [], body = '') => ({
  status,
  fields: new Fields(list),
  body: Buffer.from(body),
})

for (const [status, ours, standard] of [
  [200, 'allowed', 'allowed'],
  [202, 'allowed', 'denied'],
  [204, 'allowed', 'denied'],
  [299, 'allowed', 'denied'],
  [301, 'denied', 'denied'],
  [302, 'denied', 'denied'],
  [304, 'denied', 'denied'],
  [400, 'denied', 'denied'],
  [401, 'denied', 'denied'],
  [403, 'denied', 'denied'],
  [404, 'denied', 'denied'],
  [429, 'denied', 'denied'],
  [499, 'denied', 'denied'],
  [500, 'unavailable', 'unavailable'],
  [503, 'unavailable', 'unavailable'],
  [101, 'unavailable', 'unavailable'],
  [999, 'unavailable', 'unavailable'],
] as const)
  test(`${status} is ${ours}, and ${standard} where 200 alone is a success`, () => {
    assert.equal(compileJudge(ask)(answer(status)).verdict, ours)
    assert.equal(compileJudge({ ...ask, success: '200' })(answer(status)).verdict, standard)
  })

test('a success brings what is listed, each line of it, and cookies for the client', () => {
  const list = ['X-User', 'a', 'X-Other', 'o', 'x-user', 'b', 'Set-Cookie', 's=1', 'set-cookie', 't=2']
  assert.deepEqual(compileJudge(ask)(answer(200, list)), {
    verdict: 'allowed',
    set: ['X-User', 'a', 'x-user', 'b'],
    added: [],
    removed: [],
    answered: ['Set-Cookie', 's=1', 'set-cookie', 't=2'],
  })
})

test('without a list everything is brought that does not speak of the answer, or belongs to others', () => {
  const list = [
    'X-Portcullis-Plan',
    'gold',
    'X-User',
    'a',
    'Authorization',
    'Bearer b',
    'Content-Type',
    'text/plain',
    'Date',
    'now',
    'Set-Cookie',
    's=1',
    'Host',
    'other',
    'X-Forwarded-For',
    '1.1.1.1',
    'Content-Length',
    '3',
    'Server',
    's',
    'ETag',
    '"e"',
    'Via',
    '1.1 x',
    'X-Request-Id',
    '1',
    'Vary',
    '*',
  ]
  const decision = compileJudge({ ...ask, brought: null })(answer(200, list))
  assert.deepEqual(decision.verdict === 'allowed' && decision.set, [
    'X-User',
    'a',
    'Authorization',
    'Bearer b',
  ])
})

test('a refusal is passed as it is, but for its date', () => {
  const list = ['WWW-Authenticate', 'Basic', 'Set-Cookie', 's=1', 'Date', 'now', 'Content-Type', 'text/html']
  assert.deepEqual(compileJudge(ask)(answer(401, list, 'log in')), {
    verdict: 'denied',
    status: 401,
    fields: ['WWW-Authenticate', 'Basic', 'Set-Cookie', 's=1', 'Content-Type', 'text/html'],
    body: Buffer.from('log in'),
  })
})

test('what the standard calls no success has nothing of the service', () => {
  assert.deepEqual(compileJudge({ ...ask, success: '200' })(answer(204, ['X-User', 'a'])), {
    verdict: 'denied',
    status: 0,
    fields: [],
    body: '',
  })
})

test('what the codec or the gateway writes is brought by no answer, whatever is listed', () => {
  const judge = compileJudge({ ...ask, brought: ['x-user', 'host', 'expect', 'x-forwarded-for'] })
  const decision = judge(answer(200, ['X-User', 'a', 'Host', 'b', 'Expect', 'c', 'X-Forwarded-For', 'd']))
  assert.deepEqual('set' in decision && decision.set, ['X-User', 'a'])
})
