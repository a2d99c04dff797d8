import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { gatewayOfAggregate } from './aggregate.ts'

const declared = (route: string, more = '') =>
  parse(`
backends: { users: {}, shop: {} }
${more}
routes:
  - path: /me/{id}
${route.trim().replace(/^/gm, '    ')}
`) as unknown

const parts = (text: string) => `parts:\n${text.trim().replace(/^/gm, '  ')}`

const part = (text: string) => parts(`user: { backend: users, path: /user, ${text} }`)

suite('what is wrong with a declaration is told with its place', () => {
  for (const [what, route, ...expected] of [
    [
      'a field that nobody knows',
      part('alow: [name]'),
      'routes[0].parts.user.alow: is unknown, expected one of: backend, method, .*',
    ],
    ['what is of another type', part('allow: name'), 'routes[0].parts.user.allow: must be array'],
    [
      'a duration that is none',
      part('timeout: 5 s'),
      'routes[0].parts.user.timeout: .*, expected a duration like "500ms", "10s" or "1m30s"',
    ],
    [
      'a schema that holds nobody to anything',
      `out: { type: object, required: id }\n${part('allow: [id]')}`,
      'routes[0].out: a schema with "required": "id", expected a list of names',
    ],
    [
      'a schema that cannot be compiled',
      `body: { not: { pattern: '(' } }\n${part('allow: [id]')}`,
      'routes[0].body: Invalid regular expression: .*',
    ],
    ['no parts', 'parts: {}', 'routes[0].parts: .*'],
    [
      'a backend that is not there',
      parts('user: { backend: user, path: / }'),
      'routes[0].parts.user.backend: "user" is not there, expected one of "backends" (users, shop)',
    ],
    [
      'neither backend nor value',
      parts('user: { path: / }'),
      'routes[0].parts.user.backend: is missing, expected either "backend" or "value"',
    ],
    [
      'both, and what is of calls alone',
      parts('user: { backend: users, path: /, value: 1 }'),
      'routes[0].parts.user.backend: is there beside "value", expected either "backend" or "value"',
      'routes[0].parts.user.path: is there beside "value", expected it with "backend" alone',
    ],
    [
      'no path',
      parts('user: { backend: users }'),
      'routes[0].parts.user.path: is missing, expected a path like "/users/{params.id}"',
    ],
    [
      'a path that is none',
      parts('user: { backend: users, path: users }'),
      'routes[0].parts.user.path: the path "users" does not begin with "/"',
    ],
    [
      'a path that leads elsewhere',
      parts('user: { backend: users, path: /a/../b }'),
      'routes[0].parts.user.path: the path "/a/../b" has "..", which leads elsewhere',
    ],
    [
      'a query in a path',
      parts('user: { backend: users, path: "/a?b=c" }'),
      'routes[0].parts.user.path: "/a?b=c" has a "?", expected the query in "query"',
    ],
    [
      'a name that the path has not',
      parts("user: { backend: users, path: '/{params.ip}' }"),
      'routes[0].parts.user.path: {params.ip} is not there, expected a name of the path of the route (id)',
    ],
    [
      'a parameter of the query that is not declared',
      part("query: { a: '{query.x}' }"),
      'routes[0].parts.user.query.a: {query.x} is not there, expected one that "query" of the route declares (there is none)',
    ],
    [
      'a field that is not declared',
      `headers: { x-a: {} }\n${part("headers: { x: '{headers.x-b}' }")}`,
      'routes[0].parts.user.headers.x: {headers.x-b} is not there, expected one that "headers" of the route declares (x-a)',
    ],
    [
      'a body that it does not take',
      part("method: POST, body: '{body}'"),
      'routes[0].parts.user.body: {body}: the route takes no body, expected its schema in "body"',
    ],
    [
      'a body of a GET',
      part('body: {}'),
      'routes[0].parts.user.body: is there with the method GET, expected another "method"',
    ],
    [
      'a part that is not there',
      part("query: { a: '{parts.book.x}' }"),
      'routes[0].parts.user.query.a: {parts.book.x} is not there, expected a part of the route (user)',
    ],
    [
      'what is no name',
      part("query: { a: '{user.x}' }"),
      'routes[0].parts.user.query.a: {user.x} is unknown, expected {params.NAME}, {query.NAME}, {headers.NAME}, {body…} or {parts.NAME…}',
    ],
    [
      'a brace by itself',
      part("query: { a: 'x}' }"),
      'routes[0].parts.user.query.a: "x}" has a "}" by itself, expected a name in braces, or "}}" for one',
    ],
    [
      'a part that needs itself',
      parts("user: { backend: users, path: '/{parts.user.x}' }"),
      'routes[0].parts.user: needs itself (user needs user), expected parts of which none does',
    ],
    [
      'parts that need each other',
      parts(
        "a: { backend: users, path: '/{parts.b.x}' }\nb: { value: '{parts.c}' }\nc: { value: 1, after: [a] }",
      ),
      'routes[0].parts.a: needs itself (a needs b needs c needs a), expected parts of which none does',
    ],
    [
      'one that needs a later one, where they come one after another',
      `sequential: true\n${parts("a: { value: '{parts.b}' }\nb: { value: 1 }")}`,
      'routes[0].parts.a: needs itself (a needs b needs a), expected parts of which none does',
    ],
    [
      'what must come before, and is not there',
      part('after: [book]'),
      'routes[0].parts.user.after[0]: "book" is not there, expected a part of the route (user)',
    ],
    [
      'two parts that are called the same',
      parts('a: { value: 1 }\nb: { value: 2, group: a }'),
      'routes[0].parts.a: has "a" in the answer, which a has, expected "group", "rename" or "deny" for one of them',
    ],
    [
      'a member that another part has',
      parts('a: { value: 1 }\nb: { backend: users, path: /, merge: true, allow: [a] }'),
      'routes[0].parts.b: has "a" in the answer, which a has, expected "group", "rename" or "deny" for one of them',
    ],
    [
      'two parts of which nobody knows what members they have',
      parts('a: { backend: users, path: /, merge: true }\nb: { backend: shop, path: /, merge: true }'),
      'routes[0].parts.b.merge: is true, and so it is for a: nobody knows which members both have, expected "allow" for one of them',
    ],
    [
      'two members that are called the same',
      part('allow: [a.x, b], rename: { b: x }, flatten: [a]'),
      'routes[0].parts.user: two members are called "x", expected "rename" or "deny" for one',
    ],
    [
      'what is allowed twice',
      part('allow: [a, a.b]'),
      'routes[0].parts.user.allow[1]: a.b is allowed already, expected each member once',
    ],
    [
      'the same the other way round',
      part('allow: [a.b, a]'),
      'routes[0].parts.user.allow[1]: a allows what others below it list, expected either',
    ],
    [
      'what is renamed and does not pass',
      part('allow: [a], rename: { b: c }'),
      'routes[0].parts.user.rename.b: b does not pass, expected what "allow" lists',
    ],
    [
      'what is flattened and denied',
      part('deny: [a], flatten: [a]'),
      'routes[0].parts.user.flatten[0]: a is denied, expected one of both',
    ],
    [
      'what is flattened and renamed',
      part('rename: { a: b }, flatten: [a]'),
      'routes[0].parts.user.flatten[0]: a is renamed, expected one of both: what is flattened has no name',
    ],
    [
      'what is hidden and allowed',
      parts('user: { backend: users, path: /, hide: true, allow: [a] }\nx: { value: 1 }'),
      'routes[0].parts.user.allow: is there beside "hide", expected a part that is in the answer',
    ],
    [
      'all hidden',
      parts('user: { value: 1, hide: true }'),
      'routes[0].parts: are all hidden, expected one that is in the answer',
    ],
    [
      'what is required and has a default',
      part('required: true, default: 1'),
      'routes[0].parts.user.default: is there beside "required", expected one of both',
    ],
    [
      'a default that cannot be merged',
      parts('user: { backend: users, path: /, merge: true, default: [] }\nx: { value: 1 }'),
      'routes[0].parts.user.default: is no object, expected one: its members are merged',
    ],
    [
      'equal calls that change something',
      part('method: POST, concurrent: 2'),
      'routes[0].parts.user.concurrent: is 2 with POST, expected it with GET alone',
    ],
    [
      'a default that does not fit',
      `query: { limit: { type: integer, default: ten } }\n${part('')}`,
      'routes[0].query.limit.default: "ten" does not fit, expected what the input may be',
    ],
    [
      'a pattern that is none',
      `query: { q: { pattern: '(' } }\n${part('')}`,
      'routes[0].query.q.pattern: Invalid regular expression: .*',
    ],
    [
      'a parameter that is not in the path',
      `params: { ip: {} }\n${part('')}`,
      'routes[0].params.ip: is not in the path, expected one of its names (id)',
    ],
    [
      'a schema of which it is not known what it lets pass',
      `out: { if: {} }\n${part('')}`,
      'routes[0].out: a schema (if) with "if", .*',
    ],
    [
      'a field of an answer that is none',
      `answerHeaders: { content-length: '1' }\n${part('')}`,
      'routes[0].answerHeaders.content-length: .*',
    ],
    [
      'a failure of a backend that is not there',
      `failures: [{ backend: x, answer: { status: 404 } }]\n${part('')}`,
      'routes[0].failures[0].backend: "x" is not there, expected one of "backends" (users, shop)',
    ],
    [
      'a member for what is missing that the answer has',
      `partial: { report: Member, member: user }\n${part('')}`,
      'routes: GET /me/{id}: the member "user" for what is missing is to be added to an answer that is an object and has none of that name',
    ],
  ] as const)
    test(what, () => {
      const pattern = expected
        .map(
          line =>
            `spec\\.aggregate\\.${line
              .split('.*')
              .map(text => RegExp.escape(text))
              .join('.*')}`,
        )
        .join('\n')
      assert.throws(() => gatewayOfAggregate(declared(route)), new RegExp(`^TypeError: ${pattern}$`))
    })

  test('all of it at once, also of backends', () => {
    const text = `
backends: { users: { url: 'ftp://x', headers: { host: a }, deadlineHeader: Content-Length } }
routes:
  - path: me
    parts: { a: { backend: shop, path: / } }
`
    assert.throws(
      () => gatewayOfAggregate(parse(text)),
      (error: Error) => {
        assert.deepEqual(
          error.message.split('\n').map(line => line.split(':', 1)[0]),
          [
            'spec.aggregate.backends.users.headers.host',
            'spec.aggregate.backends.users.deadlineHeader',
            'spec.aggregate.backends.users.url',
            'spec.aggregate.routes[0].path',
            'spec.aggregate.routes[0].parts.a.backend',
          ],
        )
        return true
      },
    )
  })

  test('two routes of the same method and path', () => {
    const route = { path: '/a', parts: { a: { value: 1 } } }
    assert.throws(
      () => gatewayOfAggregate({ backends: {}, routes: [route, route] }),
      /^TypeError: spec\.aggregate\.routes: two routes take GET \/a$/,
    )
  })
})
