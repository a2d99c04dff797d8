import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problem } from './problem.ts'

test('a problem has its status, and only the members that were given', () => {
  const { status, fields, body } = problem(404, {
    title: 'No route matches the request',
    exchange: 'x-1',
    reason: 'route_not_found',
  })
  assert.equal(status, 404)
  assert.deepEqual(fields.slice(0, 2), ['Content-Type', 'application/problem+json'])
  assert.deepEqual(JSON.parse(body), {
    title: 'No route matches the request',
    status: 404,
    exchange: 'x-1',
    reason: 'route_not_found',
  })
})

test('a problem is not cached', () => {
  const { fields } = problem(500, { title: 'x' })
  assert.equal(fields[fields.indexOf('Cache-Control') + 1], 'no-store')
})

test('details are escaped', () => {
  const { body } = problem(400, {
    title: '"\n',
    detail: '\r\n',
    type: 'https://a/b',
    instance: '/x',
    rule: 'host-missing',
  })
  assert.deepEqual(JSON.parse(body), {
    type: 'https://a/b',
    title: '"\n',
    status: 400,
    detail: '\r\n',
    instance: '/x',
    rule: 'host-missing',
  })
})
