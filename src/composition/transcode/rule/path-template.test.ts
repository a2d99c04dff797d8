import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HttpTemplate } from './path-template.ts'
import { RuleRouter } from './rule-router.ts'

const routed = (httpMethod: string, text: string) => ({ httpMethod, template: new HttpTemplate(text) })

/** What a router of these says of a request: the template, and each variable with its value. */
function found(templates: readonly string[], method: string, path: string): unknown {
  const router = new RuleRouter(
    templates.map(text => {
      const [of = '', rest] = text.split(' ')
      return rest === undefined ? routed('GET', of) : routed(of, rest)
    }),
  )
  const match = router.find(method, path)
  assert.equal(router.has(path), match !== null)
  if (match === null || !('rule' in match)) return match
  const { template } = match.rule
  const values = template.values(match.segments)
  return [
    template.text,
    Object.fromEntries(template.variables.map(({ field }, i) => [field.join('.'), values[i]])),
  ]
}

suite('the examples of google/api/http.proto', () => {
  for (const [template, path, values] of [
    ['/v1/{name=messages/*}', '/v1/messages/123456', { name: 'messages/123456' }],
    ['/v1/messages/{message_id}', '/v1/messages/123456', { message_id: '123456' }],
    [
      '/v1/users/{user_id}/messages/{message_id}',
      '/v1/users/me/messages/123456',
      { user_id: 'me', message_id: '123456' },
    ],
    [
      '/v1/messages/{message_id}/{sub.subfield}',
      '/v1/messages/123456/foo',
      { message_id: '123456', 'sub.subfield': 'foo' },
    ],
    ['/v1/{var}', '/v1/x', { var: 'x' }],
    ['/v1/{var=*}', '/v1/x', { var: 'x' }],
    ['/v1/{var=foo/*}', '/v1/foo/x', { var: 'foo/x' }],
    ['/v1/{var=**}', '/v1/a/b/c', { var: 'a/b/c' }],
  ] as const)
    test(`${template} takes ${path}`, () =>
      assert.deepEqual(found([template], 'GET', path), [template, values]))
})

suite('what a template takes', () => {
  for (const [template, path, values] of [
    ['/', '/', {}],
    ['/**', '/', {}],
    ['/**', '/a/', {}],
    ['/v1/**', '/v1', {}],
    ['/v1/{rest=**}', '/v1', { rest: '' }],
    ['/v1/{rest=**}', '/v1/', { rest: '' }],
    ['/v1/{rest=a/**}', '/v1/a', { rest: 'a' }],
    ['/v1/{rest=a/**}', '/v1/b', null],
    ['/v1/*/x', '/v1/a/x', {}],
    ['/v1/*/x', '/v1//x', null],
    ['/v1/{a}', '/v1/', null],
    ['/v1/{a}', '/v1/a/', null],
    ['/v1/{a}', '/v1/a/b', null],
    ['/v1/{a=b/*}/{c=d/**}', '/v1/b/zoo/d/animal/tiger', { a: 'b/zoo', c: 'd/animal/tiger' }],
    ['/v1/{a=shelves/*/books/*}', '/v1/shelves/1/books/2', { a: 'shelves/1/books/2' }],
    ['/v1/{a=b}', '/v1/b', { a: 'b' }],
    ['/a%20b/{x}', '/a%20b/1', { x: '1' }],
    ['/a%21b/{x}', '/a!b/1', { x: '1' }],
    ['/a!b/{x}', '/a%21b/1', { x: '1' }],
    // Percent-decoding: all of a single segment, all but the slash of several.
    ['/v1/{a}', '/v1/p%20q%2Fr', { a: 'p q/r' }],
    ['/v1/{a}', '/v1/%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D', { a: "!#$&'()*+,/:;=?@[]" }],
    ['/v1/{a}', '/v1/gr%C3%BC%C3%9Fe', { a: 'grüße' }],
    ['/v1/{a}', '/v1/a+b', { a: 'a+b' }],
    ['/v1/{a=p/*/q/*}', '/v1/p/foo%20foo/q/bar%2Fbar', { a: 'p/foo foo/q/bar%2Fbar' }],
    ['/v1/{a=**}', '/v1/x%2fy/z%20%252F', { a: 'x%2fy/z %2F' }],
    [
      '/v1/{a=p/*}',
      '/v1/p/%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D',
      { a: "p/!#$&'()*+,%2F:;=?@[]" },
    ],
    // Verbs.
    ['/v1/{a=x/*}:cancel', '/v1/x/1:cancel', { a: 'x/1' }],
    ['/v1/{a=x/*}:cancel', '/v1/x/1', null],
    ['/v1/{a=x/*}:cancel', '/v1/x/1:other', null],
    ['/v1/{a=x/*}:cancel', '/v1/x/1%3Acancel', null],
    ['/v1/{a=**}:cancel', '/v1/x/1:cancel', { a: 'x/1' }],
    ['/v1/{a=**}:cancel', '/v1/x/1:2:cancel', { a: 'x/1:2' }],
    ['/v1/books:list', '/v1/books:list', {}],
    ['/v1/{a}', '/v1/a:b', { a: 'a:b' }],
    ['/v1:reset', '/v1:reset', {}],
  ] as const)
    test(`${template} ${values === null ? 'leaves' : 'takes'} ${path}`, () =>
      assert.deepEqual(found([template], 'GET', path), values === null ? null : [template, values]))
})

suite('which of several', () => {
  const shop = ['/a/**', '/b/*', '/c/*/d/**', '/c/*/d/e', '/c/f/d/e', '/', '/{x=*}/a', '/c/{y}:v', '/c/{z}']
  for (const [path, template] of [
    ['/a/b/c', '/a/**'],
    ['/b/c', '/b/*'],
    ['/b/c/d', null],
    ['/c/u/d/v', '/c/*/d/**'],
    ['/c/x/d/e', '/c/*/d/e'],
    ['/c/f/d/e', '/c/f/d/e'],
    ['/c/f/d/g', '/c/*/d/**'],
    ['/', '/'],
    ['/foo/a', '/{x=*}/a'],
    ['/b/a', '/b/*'],
    ['/c/1:v', '/c/{y}:v'],
    ['/c/1:w', '/c/{z}'],
    // A verb that a rule has elsewhere is text where none takes it.
    ['/b/1:v', '/b/*'],
  ] as const)
    test(`${path} is for ${String(template)}`, () => {
      const match = found(shop, 'GET', path)
      assert.deepEqual(Array.isArray(match) ? (match as unknown[])[0] : match, template)
    })

  for (const [method, expected] of [
    ['GET', ['GET /x', {}]],
    ['HEAD', ['GET /x', {}]],
    ['POST', ['POST /x', {}]],
    ['DELETE', ['GET', 'POST', 'HEAD']],
  ] as const)
    test(`${method} of GET and POST`, () => {
      const match = found(['GET /x', 'POST /x'], method, '/x')
      assert.deepEqual(
        typeof (match as unknown[])[1] === 'object' ? ['/x', {}] : match,
        typeof expected[1] === 'object' ? ['/x', {}] : expected,
      )
    })

  test('a method of its own, and any method', () => {
    assert.deepEqual(found(['PURGE /x', '* /x'], 'PURGE', '/x'), ['/x', {}])
    assert.deepEqual(found(['* /x'], 'OPTIONS', '/x'), ['/x', {}])
    assert.deepEqual(found(['PURGE /x'], 'GET', '/x'), ['PURGE'])
  })

  test('two of one shape are refused', () => {
    assert.throws(() => new RuleRouter([routed('GET', '/v1/{a=x/*}'), routed('GET', '/v1/x/{b}')]), {
      message: 'two rules take GET /v1/x/*',
    })
  })
})

suite('what is no template', () => {
  for (const [text, message] of [
    ['v1', 'it does not begin with "/"'],
    ['', 'it does not begin with "/"'],
    ['/v1//x', 'a segment is empty'],
    ['/v1/', 'a segment is empty'],
    ['/v1/{a', 'a "}" is missing'],
    ['/v1/{a=b', 'a "}" is missing'],
    ['/v1/{a={b}}', 'a variable is in a variable'],
    ['/v1/{}', '"" is no field path'],
    ['/v1/{a..b}', '"a..b" is no field path'],
    ['/v1/{1a}', '"1a" is no field path'],
    ['/v1/{a-b}', '"a-b" is no field path'],
    ['/v1/**/x', '"**" is not its last segment'],
    ['/v1/{a=**}/x', '"**" is not its last segment'],
    ['/v1/{a}/{a}', 'it has a variable twice'],
    ['/v1/x}', '"}" is not expected'],
    ['/v1/a*', '"*" is not expected'],
    ['/v1/{a}b', '"b" is not expected'],
    ['/v1/x:', 'a segment is empty'],
    ['/v1/x:a:b', '":" is not expected'],
    ['/v1/x?y', '"x?y" cannot stand in a path'],
    ['/v1/%zz', '"%zz" has a broken escape'],
  ] as const)
    test(text === '' ? 'nothing' : text, () =>
      assert.throws(() => new HttpTemplate(text), {
        message: `the path template ${JSON.stringify(text)}: ${message}`,
      }),
    )
})

test('a broken escape in a path is for who answers 400', () => {
  assert.throws(() => found(['/v1/{a}'], 'GET', '/v1/%zz'), URIError)
  assert.throws(() => found(['/v1/{a=**}'], 'GET', '/v1/x/%zz'), URIError)
})

// Of http.proto: in several segments they are decoded where that is asked for, "except in cases of single segment matches".
for (const [path, value] of [
  ['/v1/a%2Fb/c', 'a/b/c'],
  ['/v1/a%2Fb', 'a%2Fb'],
] as const)
  test(`fully_decode_reserved_expansion makes ${value} of ${path}`, () => {
    const template = new HttpTemplate('/v1/{a=**}', true)
    assert.deepEqual(template.values(path.slice('/v1/'.length).split('/').toSpliced(0, 0, 'v1')), [value])
  })
