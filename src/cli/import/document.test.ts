import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatProblem } from '../../model/problem.ts'
import { readDocument } from './document.ts'

const head = 'openapi: 3.1.0\ninfo: { title: Pets, version: v1 }\n'
const paths = (...lines: readonly string[]) => `${head}paths:\n${lines.map(line => `  ${line}\n`).join('')}`
const ok = '{ responses: { "200": { description: ok } } }'

function told(text: string, file = 'pets.yaml'): string[] {
  return readDocument(text, file).problems.map(formatProblem)
}

suite('what is wrong is told with its line', () => {
  for (const [what, text, ...expected] of [
    ['nothing', '', 'pets.yaml:1:1: is empty, expected an OpenAPI document'],
    ['a list', '- a\n', /^pets\.yaml:1:3: /],
    ['text', 'hello\n', /^pets\.yaml:1:1: is text/],
    ['broken YAML', `${head}paths: [\n`, /^pets\.yaml:\d+:\d+: a bracket before this is not closed/],
    [
      'a key that is given twice',
      `${head}paths: {}\npaths: {}\n`,
      /^pets\.yaml:4:1: this key is given twice/,
    ],
    [
      'two documents',
      `${paths(`/a: { get: ${ok} }`)}---\na: 1\n`,
      'pets.yaml:6:1: has 2 documents, expected one',
    ],
    [
      'something else',
      'name: pets\n',
      /^pets\.yaml:1:1: is no OpenAPI document, expected one that begins with: openapi/,
    ],
    [
      'an object of ours',
      'apiVersion: v1\nkind: Service\n',
      /^pets\.yaml:2:1 kind: is an object for the gateway, which portcullis run serves/,
    ],
    [
      'Swagger 2',
      'swagger: "2.0"\ninfo: { title: Pets }\n',
      /^pets\.yaml:1:1 swagger: is of Swagger 2, .*: npx swagger2openapi FILE$/,
    ],
    [
      'a version that is to come',
      'openapi: 4.0.0\n',
      'pets.yaml:1:1 openapi: is "4.0.0", expected "3.0.x" or "3.1.x"',
    ],
    [
      'a number for a version',
      'openapi: 3.1\n',
      /^pets\.yaml:1:1 openapi: is a number, and a version is text/,
    ],
    [
      'no info',
      `openapi: 3.0.3\npaths:\n  /a: { get: ${ok} }\n`,
      /^pets\.yaml:1:1 info: is missing, expected an object/,
    ],
    [
      'no title',
      `openapi: 3.0.3\ninfo: { version: v1 }\npaths:\n  /a: { get: ${ok} }\n`,
      /^pets\.yaml:2:1 info\.title: is missing/,
    ],
    ['no paths', head, /^pets\.yaml:1:1 paths: is missing, expected an object of paths like "\/pets"/],
    ['paths as a list', `${head}paths:\n  - /a\n`, /^pets\.yaml:3:1 paths: is a list/],
    ['paths without any', `${head}paths: {}\n`, /^pets\.yaml:3:1 paths: has no operation/],
    [
      'a path without its slash',
      paths(`pets: { get: ${ok} }`),
      /^pets\.yaml:4:3 paths\.pets: is no path, expected one that begins with "\/"$/,
    ],
    [
      'a query in a path',
      paths(`/pets?a={b}: { get: ${ok} }`),
      /^pets\.yaml:4:3 paths\["\/pets\?a=\{b\}"\]: has a query/,
    ],
    [
      'a brace that is not closed',
      paths(`/pets/{id: { get: ${ok} }`),
      /^pets\.yaml:4:3 .*: has a brace without its other one/,
    ],
    [
      'one path under two names',
      paths(`/pets/{id}: { get: ${ok} }`, `/pets/{name}: { put: ${ok} }`),
      /^pets\.yaml:5:3 .*: is the same path as "\/pets\/\{id\}", expected all of its methods under one$/,
    ],
    [
      'a method that is none',
      paths('/pets:', `  gett: ${ok}`),
      /^pets\.yaml:5:5 paths\["\/pets"\]\.gett: is no method \(did you mean "get"\?\)/,
    ],
    [
      'an operation that is none',
      paths('/pets:', '  get: list'),
      /^pets\.yaml:5:5 .*\.get: is text, expected an object with responses$/,
    ],
    [
      'a path that is nothing',
      paths('/pets:'),
      /^pets\.yaml:4:3 .*: is empty, expected an object of methods$/,
    ],
    [
      'a name of two operations',
      paths('/a:', '  get:', '    operationId: list', '/b:', '  get:', '    operationId: list'),
      /^pets\.yaml:9:7 paths\["\/b"\]\.get\.operationId: "list" is the name of two operations, the other is in line 6,/,
    ],
    [
      'a name that is a number',
      paths('/a:', '  get:', '    operationId: 7'),
      /^pets\.yaml:6:7 .*: is a number, expected a name$/,
    ],
    [
      'a reference that leads nowhere',
      paths('/a:', '  get:', '    requestBody:', '      $ref: "#/components/requestBodies/Pet"'),
      'pets.yaml:7:9 paths["/a"].get.requestBody["$ref"]: "#/components/requestBodies/Pet" leads nowhere, expected a part of this document',
    ],
    [
      'a path in another file',
      paths('/a:', '  $ref: paths/a.yaml'),
      /^pets\.yaml:5:5 .*: is in another file \("paths\/a\.yaml"\), and with it the methods of this path/,
      /: refers to another file \(paths\/a\.yaml\)/,
    ],
    [
      'several things, in the order of the file',
      paths('/a:', '  gett: {}', 'b: {}', '/c:', '  $ref: "#/x"'),
      /^pets\.yaml:5:5 /,
      /^pets\.yaml:6:3 /,
      /^pets\.yaml:8:5 /,
    ],
  ] as const)
    test(what, () => {
      const { document } = readDocument(text, 'pets.yaml')
      assert.equal(document, null)
      const lines = told(text)
      assert.equal(lines.length, expected.length, lines.join('\n'))
      expected.forEach((one, i) => {
        if (typeof one === 'string') assert.equal(lines[i], one)
        else assert.match(lines[i]!, one)
      })
    })

  test('JSON is held to JSON', () =>
    assert.match(told('{"openapi": "3.1.0",}', 'pets.json')[0]!, /^pets\.json:1:\d+: is no valid JSON here/))
})

suite('what is only to be known', () => {
  test('a schema in another file is a warning, told once', () => {
    const text = paths(
      '/a:',
      '  get:',
      '    requestBody:',
      '      $ref: "b.yaml#/x"',
      '    parameters:',
      '      - $ref: c.yaml',
    )
    assert.notEqual(readDocument(text, 'pets.yaml').document, null)
    assert.deepEqual(told(text), [
      'pets.yaml:7:9 paths["/a"].get.requestBody["$ref"]: refers to 2 other files (b.yaml#/x, …), which will not be part of what is published; to have it in one: npx @redocly/cli bundle',
    ])
  })

  for (const [what, line] of [
    ['data', 'example: { $ref: "#/nowhere" }'],
    ['a property of that name', 'properties: { $ref: { type: string }, default: { $ref: "#/info" } }'],
    ['an anchor of JSON Schema', '$ref: "#node"'],
    ['an escaped name', '$ref: "#/paths/~1a/get"'],
    ['a name in percent-encoding', '$ref: "#/paths/%7E1a/get"'],
    ['the whole document', '$ref: "#"'],
  ] as const)
    test(`no fault: ${what}`, () =>
      assert.deepEqual(told(paths('/a:', '  get:', '    x-schema:', `      ${line}`)), []))
})

suite('what a document says', () => {
  const read = (text: string) => {
    const { document, problems } = readDocument(text, 'pets.yaml')
    assert.ok(document, problems.map(formatProblem).join('\n'))
    return document
  }

  for (const [servers, expected] of [
    ['', ''],
    ['servers: []', ''],
    ['servers: [{ url: https://pets.example }]', ''],
    ['servers: [{ url: https://pets.example/ }]', ''],
    ['servers: [{ url: https://pets.example/v1/ }, { url: http://b.example/v2 }]', '/v1'],
    ['servers: [{ url: /api/v3 }]', '/api/v3'],
    ['servers: [{ url: //pets.example//a//b }]', '/a/b'],
    [
      'servers: [{ url: "https://{host}/{base}/x", variables: { host: { default: a.example }, base: { default: v2 } } }]',
      '/v2/x',
    ],
    [
      'servers: [{ url: "{protocol}://pets.example/v1", variables: { protocol: { default: https } } }]',
      '/v1',
    ],
  ] as const)
    test(`${servers || 'no servers'} have the paths at "${expected}"`, () =>
      assert.equal(read(`${paths(`/a: { get: ${ok} }`)}${servers}\n`).serverPath, expected))

  test('operations, in its order, those of a referred path item too', () => {
    const text = `${paths('/b/{id}:', `  put: ${ok}`, '  x-internal: 1', '  get: { operationId: getB }', '/a: { $ref: "#/components/pathItems/A" }', 'x-paths: none')}components:\n  pathItems:\n    A: { delete: ${ok}, summary: a }\n`
    assert.deepEqual(
      read(text).operations.map(({ method, path, id }) => [method, path, id]),
      [
        ['PUT', '/b/{id}', null],
        ['GET', '/b/{id}', 'getB'],
        ['DELETE', '/a', null],
      ],
    )
  })

  test('operations that are open, where others are not', () => {
    const schemes = 'components: { securitySchemes: { key: { type: apiKey, in: header, name: X-Key } } }\n'
    const each = (security: string) =>
      read(
        `${paths('/a: { get: { security: [] } }', '/b: { get: {} }', '/c: { get: { security: [{}, { key: [] }] } }', '/d: { get: { security: [{ key: [] }] } }')}${schemes}${security}\n`,
      ).open.map(({ path }) => path)
    assert.deepEqual(each('security: [{ key: [] }]'), ['/a', '/c'])
    assert.deepEqual(each(''), ['/a', '/b', '/c'])
    assert.deepEqual(read(`${paths('/a: { get: {} }')}${schemes}`).open, [])
  })
})
