import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toJson, type FileRegistry } from '@bufbuild/protobuf'
import { exampleOf, library } from '../../../../test/support/library.ts'
import { httpRules } from '../rule/http-rule.ts'
import { RuleRouter } from '../rule/rule-router.ts'
import type { IgnoredParameters } from './query.ts'
import { RequestMessages } from './request-message.ts'
import { BadRequest } from './violations.ts'

interface Given {
  readonly body?: string
  readonly type?: string
  readonly ignored?: IgnoredParameters
}

/** `GetBook {"name":"…"}`, or what is wrong with the request. */
function made(registry: FileRegistry, request: string, given: Given = {}): unknown {
  const services = [...registry].filter(one => one.kind === 'service')
  const router = new RuleRouter(httpRules(services))
  const [method = '', target = ''] = request.split(' ')
  const [path = '', search = ''] = target.split('?')
  const match = router.find(method, path)
  if (match === null || !('rule' in match)) return match
  const { rule, segments } = match
  const content =
    given.body === undefined
      ? null
      : { type: given.type ?? 'application/json', bytes: new Uint8Array(Buffer.from(given.body)) }
  try {
    const messages = new RequestMessages(rule, { registry }, given.ignored)
    const message = messages.message(segments, search, content)
    return [rule.method.name, toJson(rule.method.input, message, { registry })]
  } catch (error) {
    if (error instanceof BadRequest)
      return error.violations.map(({ field, description }) => [field, description])
    throw error
  }
}

const MESSAGES = `
  message Message { string message_id = 1; string text = 2; }
  message SubMessage { string subfield = 1; }
  message GetMessageRequest {
    string message_id = 1; int64 revision = 2; SubMessage sub = 3; string user_id = 4; string name = 5;
    repeated string tags = 6;
  }
  message UpdateMessageRequest { string message_id = 1; Message message = 2; }`

/** A service with one method, of this rule. */
const messaging = (rule: string, method = 'GetMessage(GetMessageRequest)') =>
  exampleOf(
    `${MESSAGES} service Messaging { rpc ${method} returns (Message) { option (google.api.http) = { ${rule} }; } }`,
  )

suite('the examples of google/api/http.proto', () => {
  test('a name that is mapped to the path', () =>
    assert.deepEqual(made(messaging('get: "/v1/{name=messages/*}"'), 'GET /v1/messages/123456'), [
      'GetMessage',
      { name: 'messages/123456' },
    ]))

  test('a field and a field of a field in the path', () =>
    assert.deepEqual(
      made(messaging('get: "/v1/messages/{message_id}/{sub.subfield}"'), 'GET /v1/messages/123456/foo'),
      ['GetMessage', { messageId: '123456', sub: { subfield: 'foo' } }],
    ))

  test('what is not in the path is in the query', () =>
    assert.deepEqual(
      made(
        messaging('get: "/v1/messages/{message_id}"'),
        'GET /v1/messages/123456?revision=2&sub.subfield=foo',
      ),
      ['GetMessage', { messageId: '123456', revision: '2', sub: { subfield: 'foo' } }],
    ))

  test('several rules', () => {
    const registry = messaging(
      'get: "/v1/messages/{message_id}" additional_bindings { get: "/v1/users/{user_id}/messages/{message_id}" }',
    )
    assert.deepEqual(made(registry, 'GET /v1/messages/123456'), ['GetMessage', { messageId: '123456' }])
    assert.deepEqual(made(registry, 'GET /v1/users/me/messages/123456'), [
      'GetMessage',
      { messageId: '123456', userId: 'me' },
    ])
  })

  test('a field that is the body', () =>
    assert.deepEqual(
      made(
        messaging(
          'patch: "/v1/messages/{message_id}" body: "message"',
          'UpdateMessage(UpdateMessageRequest)',
        ),
        'PATCH /v1/messages/123456',
        { body: '{ "text": "Hi!" }' },
      ),
      ['UpdateMessage', { messageId: '123456', message: { text: 'Hi!' } }],
    ))

  test('all but the path is the body', () => {
    const registry = messaging('patch: "/v1/messages/{message_id}" body: "*"', 'UpdateMessage(Message)')
    assert.deepEqual(made(registry, 'PATCH /v1/messages/123456', { body: '{ "text": "Hi!" }' }), [
      'UpdateMessage',
      { messageId: '123456', text: 'Hi!' },
    ])
    assert.deepEqual(made(registry, 'PATCH /v1/messages/123456?text=Hi!', { body: '{}' }), [
      ['text', 'no field is taken from the query: all are in the body'],
    ])
  })
})

suite('what a path says', () => {
  const registry = exampleOf(`
    message Leaf { string x = 1; }
    message Asked { oneof which { Leaf l = 1; Leaf m = 2; string t = 3; } }
    service Messaging {
      rpc Get(Asked) returns (Asked) {
        option (google.api.http) = { get: "/n/{l.x}" additional_bindings { get: "/h/{t}" } };
      }
    }`)
  for (const [request, name, other] of [
    ['GET /n/1?m.x=2', 'm.x', 'l'],
    ['GET /h/1?l.x=2', 'l.x', 't'],
    ['GET /n/1?t=2', 't', 'l'],
  ] as const)
    test(`is not taken back by the query: ${request}`, () =>
      assert.deepEqual(made(registry, request), [[name, `it cannot be there with ${other}`]]))
})

suite('queries', () => {
  const registry = library
  for (const [query, expected] of [
    ['', {}],
    ['page_size=3', { pageSize: 3 }],
    ['pageSize=3', { pageSize: 3 }],
    ['pageSize=-3', { pageSize: -3 }],
    ['page_size=0', {}],
    ['genres=NOVEL&genres=2', { genres: ['NOVEL', 'POEM'] }],
    ['genres=7', { genres: [7] }],
    ['filter.title=a+b%26c', { filter: { title: 'a b&c' } }],
    [
      'filter.author.given_name=Ada&filter.author.familyName=L',
      { filter: { author: { givenName: 'Ada', familyName: 'L' } } },
    ],
    [
      'filter.genre=POEM&filter.isbn=9223372036854775807',
      { filter: { genre: 'POEM', isbn: '9223372036854775807' } },
    ],
    ['filter.tags=a&filter.tags=b', { filter: { tags: ['a', 'b'] } }],
    ['ids=18446744073709551615&ids=0', { ids: ['18446744073709551615', '0'] }],
    ['read_mask=books.title,author.given_name', { readMask: 'books.title,author.givenName' }],
    ['read_mask=author.givenName', { readMask: 'author.givenName' }],
    ['read_mask=', { readMask: '' }],
    ['read_mask=*', { readMask: '*' }],
    ['after=2026-11-26T10:00:00.5Z', { after: '2026-11-26T10:00:00.500Z' }],
    ['filter.published_at=2026-11-26T11:00:00%2B01:00', { filter: { publishedAt: '2026-11-26T10:00:00Z' } }],
    ['within=1.5s', { within: '1.500s' }],
    ['limit=0', { limit: 0 }],
    ['limit=5', { limit: 5 }],
    ['exact=true', { exact: true }],
    ['ratio=1e3', { ratio: 1000 }],
    ['ratio=-.5', { ratio: -0.5 }],
    ['ratio=NaN', { ratio: 'NaN' }],
    ['ratio=-Infinity', { ratio: '-Infinity' }],
    ['cursor=-_8=', { cursor: '+/8=' }],
    ['cursor=%2B/8', { cursor: '+/8=' }],
    ['hint=', { hint: '' }],
    ['by_title=x', { byTitle: 'x' }],
    ['byAge=false', { byAge: false }],
  ] as const)
    test(query === '' ? 'nothing' : query, () =>
      assert.deepEqual(made(registry, `GET /v1/shelves/1/books?${query}`), [
        'ListBooks',
        { parent: 'shelves/1', ...expected },
      ]),
    )

  const whole = (bits: number, more = '') => `expected a whole number of ${bits} bits${more}`
  for (const [query, ...expected] of [
    ['colour=red', ['colour', 'library.ListBooksRequest has no field "colour"']],
    ['filter.colour=red', ['filter.colour', 'library.Book has no field "colour"']],
    ['page_size.x=1', ['page_size.x', 'page_size has no fields of its own']],
    ['after.seconds=1', ['after.seconds', 'after has no fields of its own']],
    ['filter=x', ['filter', 'filter is a message, library.Book']],
    ['any=x', ['any', 'any is a message, google.protobuf.Any']],
    ['books.title=x', ['books.title', 'books has no fields of its own']],
    ['books=x', ['books', 'books is a message, library.Book']],
    ['labels=x', ['labels', 'labels is a map']],
    ['labels.a=x', ['labels.a', 'labels has no fields of its own']],
    ['filter.labels=x', ['filter.labels', 'labels is a map']],
    ['parent=shelves/2', ['parent', 'it is taken from the path']],
    ['page_size=1&pageSize=2', ['pageSize', 'it is there more than once']],
    ['page_size=0&page_size=0', ['page_size', 'it is there more than once']],
    ['by_title=x&by_age=true', ['by_age', 'it cannot be there with by_title']],
    ['page_size=', ['page_size', whole(32)]],
    ['page_size=1.0', ['page_size', whole(32)]],
    ['page_size=2147483648', ['page_size', whole(32)]],
    ['filter.isbn=9223372036854775808', ['filter.isbn', whole(64)]],
    ['ids=-1', ['ids', whole(64, ' without sign')]],
    [`ids=${'9'.repeat(5000)}`, ['ids', whole(64, ' without sign')]],
    ['genres=HAIKU', ['genres', 'expected one of GENRE_UNSPECIFIED, NOVEL, POEM']],
    ['genres=99999999999', ['genres', 'expected one of GENRE_UNSPECIFIED, NOVEL, POEM']],
    ['exact=1', ['exact', 'expected true or false']],
    ['ratio=0x10', ['ratio', 'expected a number']],
    ['ratio=1e999', ['ratio', 'expected a number']],
    ['ratio=', ['ratio', 'expected a number']],
    ['cursor=%25', ['cursor', 'expected base64']],
    ['cursor=abcde', ['cursor', 'expected base64']],
    ['after=yesterday', ['after', 'expected a time such as 2026-11-26T10:00:00Z']],
    ['within=5', ['within', 'expected a duration such as 1.5s']],
    ['read_mask=a..b', ['read_mask', 'expected names of fields, parted by commas']],
    ['limit=x', ['limit', whole(32)]],
    [`${'a.'.repeat(5000)}v=1`, [`${'a.'.repeat(5000)}v`, 'it is more than 100 names deep']],
    ['=x', ['', 'library.ListBooksRequest has no field ""']],
    ['__proto__=x', ['__proto__', 'library.ListBooksRequest has no field "__proto__"']],
    ['a=1&exact=2', ['a', 'library.ListBooksRequest has no field "a"'], ['exact', 'expected true or false']],
  ] as const)
    test(`${query.slice(0, 40)} is refused`, () =>
      assert.deepEqual(made(registry, `GET /v1/shelves/1/books?${query}`), expected))

  test('what is named as meaningless is let through, and nothing else', () => {
    const of = (query: string, ignored: IgnoredParameters) =>
      made(registry, `GET /v1/shelves/1/books?${query}`, { ignored })
    assert.deepEqual(of('key=k&alt=json&exact=true', ['key', 'alt']), [
      'ListBooks',
      { parent: 'shelves/1', exact: true },
    ])
    assert.deepEqual(of('key=k&x=1', ['key']), [['x', 'library.ListBooksRequest has no field "x"']])
    assert.deepEqual(of('key=k&x=1', 'unknown'), ['ListBooks', { parent: 'shelves/1' }])
  })
})

suite('bodies', () => {
  const registry = library
  for (const [request, body, expected] of [
    [
      'POST /v1/shelves/1/books?book_id=7',
      '{"title":"Emma","genre":"NOVEL","published_at":"2026-01-01T00:00:00Z"}',
      [
        'CreateBook',
        {
          parent: 'shelves/1',
          bookId: '7',
          book: { title: 'Emma', genre: 'NOVEL', publishedAt: '2026-01-01T00:00:00Z' },
        },
      ],
    ],
    ['POST /v1/shelves/1/books', '', ['CreateBook', { parent: 'shelves/1' }]],
    ['POST /v1/shelves/1/books?book.title=x', '{}', [['book.title', 'book is the body']]],
    [
      'PATCH /v1/shelves/1/books/2?updateMask=title',
      '{"title":"Emma","name":"other"}',
      ['UpdateBook', { book: { name: 'shelves/1/books/2', title: 'Emma' }, updateMask: 'title' }],
    ],
    [
      'PUT /v1/shelves/1/books/2/tags',
      '["a","b"]',
      ['TagBook', { name: 'shelves/1/books/2', tags: ['a', 'b'] }],
    ],
    [
      'POST /v1/shelves/1/books/2:move',
      '{"to":"shelves/3","withLabels":true,"name":"mine"}',
      ['MoveBook', { name: 'shelves/1/books/2', to: 'shelves/3', withLabels: true }],
    ],
  ] as const)
    test(`${request} ${body}`, () => assert.deepEqual(made(registry, request, { body }), expected))

  for (const [request, body, field, message] of [
    ['POST /v1/shelves/1/books', '{"colour":1}', 'book', /library\.Book.*colour/s],
    ['POST /v1/shelves/1/books', '{', 'book', /JSON/],
    ['POST /v1/shelves/1/books', '{"title":"a","title":"b"}', 'book', /duplicate|twice|title/i],
    ['POST /v1/shelves/1/books', '{"title":1}', 'book', /title/],
    ['POST /v1/shelves/1/books', '[]', 'book', /library\.Book/],
    ['POST /v1/shelves/1/books', `{"author":${'{"author":'.repeat(3)}1${'}'.repeat(4)}`, 'book', /author/],
    ['POST /v1/shelves/1/books/2:move', '{"to":"x"},{"to":"y"}', '', /JSON/],
    ['PUT /v1/shelves/1/books/2/tags', '["a"],"name":"x"', 'tags', /JSON/],
    ['PUT /v1/shelves/1/books/2/tags', '"a"', 'tags', /tags/],
    ['DELETE /v1/shelves/1/books/2', '{}', '', /no field is taken from one/],
  ] as const)
    test(`${request} ${body} is refused`, () => {
      const [violation] = made(registry, request, { body }) as [readonly [string, string]]
      assert.equal(violation[0], field)
      assert.match(violation[1], message)
    })

  test('bytes of any type', () =>
    assert.deepEqual(made(registry, 'PUT /v1/shelves/1/books/2/cover', { body: '{png', type: 'image/png' }), [
      'PutCover',
      {
        name: 'shelves/1/books/2',
        cover: { contentType: 'image/png', data: Buffer.from('{png').toString('base64') },
      },
    ]))

  test('a method of HTTP that only a rule names, and a path of a path', () => {
    assert.deepEqual(made(registry, 'LOCK /v1/locks/a/b%2Fc'), ['GetBook', { name: 'locks/a/b%2Fc' }])
    assert.deepEqual(made(registry, 'GET /v1/books/a%2Fb?view=NOVEL'), [
      'GetBook',
      { name: 'a/b', view: 'NOVEL' },
    ])
  })
})

suite('rules that cannot be', () => {
  for (const [rule, message] of [
    ['get: "/v1/{x}"', /variable "x" of its path: example\.GetMessageRequest has no field "x"/],
    ['get: "/v1/{sub}"', /variable "sub" of its path: sub is a message, example\.SubMessage/],
    ['get: "/v1/{sub.x}"', /has no field "x"/],
    ['get: "/v1/{message_id.x}"', /message_id has no fields of its own/],
    ['get: "/v1/{tags}"', /variable "tags" of its path: it is repeated/],
    ['get: "/v1/{messageId}"', /has no field "messageId"/],
    ['get: "/v1/x" body: "nothing"', /body: example\.GetMessageRequest has no field "nothing"/],
    ['get: "/v1/x" body: "sub.subfield"', /body: example\.GetMessageRequest has no field "sub.subfield"/],
    ['get: "/v1/x" response_body: "nothing"', /response_body: example\.Message has no field "nothing"/],
    ['body: "*"', /it has no path/],
    ['custom: { kind: "A B" path: "/x" }', /"A B" is no method of HTTP/],
    ['get: "x"', /does not begin with "\/"/],
    [
      'get: "/x" additional_bindings { get: "/y" additional_bindings { get: "/z" } }',
      /additional_bindings are in additional_bindings/,
    ],
  ] as const)
    test(rule, () => {
      const services = [...messaging(rule)].filter(one => one.kind === 'service')
      assert.throws(
        () => httpRules(services),
        (error: Error) => {
          assert.match(error.message, /^example\.Messaging\.GetMessage, google\.api\.http: /)
          assert.match(error.message, message)
          return true
        },
      )
    })
})

suite('a service configuration', () => {
  const services = [...messaging('get: "/annotated"')].filter(one => one.kind === 'service')

  test('counts in place of the annotation, and its last word', () => {
    const selector = 'example.Messaging.GetMessage'
    const rules = httpRules(services, {
      http: {
        rules: [
          { selector, get: '/v1/a' },
          { selector, get: '/v1/messages/{message_id}/{sub.subfield}' },
        ],
      },
    })
    assert.deepEqual(
      rules.map(({ template }) => template.text),
      ['/v1/messages/{message_id}/{sub.subfield}'],
    )
  })

  test('of a method that is not there is refused', () =>
    assert.throws(
      () => httpRules(services, { http: { rules: [{ selector: 'example.Messaging.Get', get: '/' }] } }),
      { message: 'the rule for "example.Messaging.Get": expected one of example.Messaging.GetMessage' },
    ))

  test('that is none is refused', () =>
    assert.throws(
      () => httpRules(services, { http: { rules: [{ selector: 'x', fetch: '/' }] } }),
      /the service configuration: .*fetch/,
    ))
})
