import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileExceptions, type Exception } from './exceptions.ts'

const any: Exception = { routes: null, paths: null, methods: null }
const health = { ...any, paths: [{ type: 'prefix' as const, value: '/health' }] }
const exact = { ...any, paths: [{ type: 'exact' as const, value: '/login' }] }
const route = { ...any, routes: ['httproute/default/health/'] }
const reading = { ...health, methods: ['GET', 'HEAD'] }
const root = { ...any, paths: [{ type: 'prefix' as const, value: '' }], methods: ['OPTIONS'] }

for (const [name, exceptions, method, path, rule, left] of [
  ['a prefix takes itself', [health], 'GET', '/health', '', true],
  ['a prefix takes what is below', [health], 'GET', '/health/live', '', true],
  ['a prefix takes whole segments', [health], 'GET', '/healthy', '', false],
  ['a prefix does not take what is above', [health], 'GET', '/', '', false],
  ['a prefix takes no other spelling', [health], 'GET', '//health', '', false],
  ['a prefix is case-sensitive', [health], 'GET', '/Health', '', false],
  ['a step up that some backends see leaves nothing out', [health], 'GET', '/health/..;/admin', '', false],
  ['nor does a step that stays', [health], 'GET', '/health/.;a/x', '', false],
  ['nor does a slash that some backends see', [health], 'GET', '/health/a%2Fb', '', false],
  ['nor does a backslash', [health], 'GET', '/health/a%5Cb', '', false],
  ['dots in a name are no step', [health], 'GET', '/health/..a;b', '', true],
  ['an exact path takes itself', [exact], 'GET', '/login', '', true],
  ['an exact path takes nothing below', [exact], 'GET', '/login/', '', false],
  ['a route takes its rules', [route], 'GET', '/', 'httproute/default/health/0', true],
  ['a route takes no namesake', [route], 'GET', '/', 'httproute/default/healthy/0', false],
  ['a route takes no other kind', [route], 'GET', '/', 'grpcroute/default/health/0', false],
  ['a route takes nothing where none is met', [route], 'GET', '/', '', false],
  ['method and path must both fit', [reading], 'HEAD', '/health', '', true],
  ['the method alone is not enough', [reading], 'GET', '/', '', false],
  ['the path alone is not enough', [reading], 'POST', '/health', '', false],
  ['methods are case-sensitive', [reading], 'get', '/health', '', false],
  ['one of several is enough', [exact, route], 'GET', '/login', '', true],
  ['the root is a prefix of all paths', [root], 'OPTIONS', '/a', '', true],
  ['the root is no prefix of *', [root], 'OPTIONS', '*', '', false],
  ['an exception without anything takes all', [any], 'GET', '/', '', true],
] as const)
  test(name, () => {
    assert.equal(compileExceptions(exceptions)!({ asked: { method, path }, route: rule }), left)
  })

test('without exceptions nothing is looked at', () => {
  assert.equal(compileExceptions([]), null)
})
