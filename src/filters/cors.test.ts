import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, origin } from '../../test/support/exchange.ts'
import { kit } from '../../test/support/kit.ts'
import { cors, type CorsConfig } from './cors.ts'
import type { Exchange, Filter, LocalResponse } from './filter.ts'

const config = (more: Partial<CorsConfig> = {}): CorsConfig => ({
  type: 'cors',
  origin,
  allowOrigins: ['https://www.foo.com', 'https://*.bar.com'],
  allowCredentials: false,
  allowMethods: [],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
  ...more,
})

const everything: Partial<CorsConfig> = {
  allowOrigins: ['*'],
  allowMethods: ['*'],
  allowHeaders: ['*'],
  exposeHeaders: ['*'],
}

const preflightFields = (from: string, method: string, headers?: string): string[] => [
  'Origin',
  from,
  'access-control-request-method',
  method,
  ...(headers === undefined ? [] : ['access-control-request-headers', headers]),
]

/** `origin: x` for `Access-Control-Allow-Origin: x`, so that the tables can be read. */
function shown(list: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase().replace(/^access-control-(?:allow-)?/, '')
    assert.ok(!(name in found), `${name} twice`)
    found[name] = list[i + 1]!
  }
  return found
}

function answered(filter: Filter, x: Exchange): LocalResponse | undefined {
  const verdict = filter.request?.(x)
  assert.ok(verdict === undefined || 'status' in verdict)
  return verdict
}

async function response(filter: Filter, x: Exchange): Promise<Record<string, string>> {
  assert.equal(answered(filter, x), undefined)
  await filter.response?.(x)
  return shown(x.response.fields.list)
}

// Cases 1 to 6 are those of the conformance test HTTPRouteCORS.
const preflights: readonly [string, Partial<CorsConfig>, string[], Record<string, string>][] = [
  [
    'exact origin, everything configured',
    {
      allowMethods: ['GET', 'OPTIONS'],
      allowHeaders: ['x-header-1', 'x-header-2'],
      exposeHeaders: ['x-header-3', 'x-header-4'],
      allowCredentials: true,
      maxAgeSeconds: 3600,
    },
    preflightFields('https://www.foo.com', 'GET', 'x-header-1, x-header-2'),
    {
      origin: 'https://www.foo.com',
      credentials: 'true',
      methods: 'GET, OPTIONS',
      headers: 'x-header-1, x-header-2',
      'expose-headers': 'x-header-3, x-header-4',
      'max-age': '3600',
      vary: 'Origin',
    },
  ],
  [
    'wildcard origin with many labels',
    {},
    preflightFields('https://xpto.www.bar.com', 'GET'),
    { origin: 'https://xpto.www.bar.com', 'max-age': '5', vary: 'Origin' },
  ],
  [
    'origin that is not allowed',
    { allowMethods: ['GET'] },
    preflightFields('https://foobar.com', 'GET'),
    { vary: 'Origin' },
  ],
  [
    'any method, without credentials',
    { allowMethods: ['*'] },
    preflightFields('https://www.foo.com', 'POST'),
    { origin: 'https://www.foo.com', methods: 'POST', 'max-age': '5', vary: 'Origin' },
  ],
  [
    'any origin, without credentials',
    { allowOrigins: ['*'], allowMethods: ['PUT'] },
    preflightFields('https://foobar.com:12345', 'PUT'),
    { origin: '*', methods: 'PUT', 'max-age': '5', vary: 'Origin' },
  ],
  [
    'anything, with credentials: no field may be a wildcard',
    { ...everything, allowCredentials: true },
    preflightFields('https://other.foo.com', 'PUT', 'x-header-1, x-header-2'),
    {
      origin: 'https://other.foo.com',
      credentials: 'true',
      methods: 'PUT',
      headers: 'x-header-1, x-header-2',
      'max-age': '5',
      vary: 'Origin',
    },
  ],
  [
    'any header, but none asked for',
    { ...everything, exposeHeaders: [] },
    preflightFields('https://a.example', 'PUT'),
    { origin: '*', methods: 'PUT', 'max-age': '5', vary: 'Origin' },
  ],
  [
    'what is echoed are names, nothing else',
    { ...everything, exposeHeaders: [] },
    preflightFields('https://a.example', 'PUT;x', 'a, "b"'),
    { origin: '*', 'max-age': '5', vary: 'Origin' },
  ],
]

for (const [name, more, fields, expected] of preflights)
  test(`preflight: ${name}`, async () => {
    const filter = cors.compile(config(more), kit())
    const x = exchange({ method: 'OPTIONS', fields })
    const answer = answered(filter, x)
    assert.equal(answer?.status, 204)
    assert.deepEqual(shown(answer.fields), expected)
    // The answer passes the response filters as any other, and must leave them as it came.
    x.response.fields.list.push(...answer.fields)
    await filter.response?.(x)
    assert.deepEqual(shown(x.response.fields.list), expected)
  })

for (const [name, method, fields] of [
  ['OPTIONS without a requested method', 'OPTIONS', ['Origin', 'https://www.foo.com']],
  ['OPTIONS without an origin', 'OPTIONS', ['Access-Control-Request-Method', 'PUT']],
  ['another method', 'GET', preflightFields('https://www.foo.com', 'GET')],
] as const)
  test(`no preflight: ${name} goes on to the upstream`, () => {
    assert.equal(answered(cors.compile(config(), kit()), exchange({ method, fields })), undefined)
  })

const upstreamOpinion = [
  'Access-Control-Allow-Origin',
  '*',
  'access-control-allow-credentials',
  'true',
  'Access-Control-Expose-Headers',
  'x-upstream',
  'ETag',
  '"1"',
]

const actual: readonly [string, Partial<CorsConfig>, string[], string[], Record<string, string>][] = [
  [
    'allowed origin',
    {},
    ['Origin', 'https://www.foo.com'],
    [],
    { origin: 'https://www.foo.com', vary: 'Origin' },
  ],
  [
    "allowed origin, in place of the upstream's opinion",
    { exposeHeaders: ['x-a', 'x-b'], allowCredentials: true },
    ['Origin', 'https://a.bar.com'],
    upstreamOpinion,
    {
      origin: 'https://a.bar.com',
      credentials: 'true',
      'expose-headers': 'x-a, x-b',
      etag: '"1"',
      vary: 'Origin',
    },
  ],
  [
    'origin that is not allowed',
    {},
    ['Origin', 'https://foobar.com'],
    upstreamOpinion,
    { etag: '"1"', vary: 'Origin' },
  ],
  ['any origin', everything, ['Origin', 'null'], [], { origin: '*', 'expose-headers': '*', vary: 'Origin' }],
  [
    'any origin, with credentials: names instead of a wildcard',
    { ...everything, allowCredentials: true },
    ['Origin', 'https://a.example'],
    ['ETag', '"1"', 'X-A', '2'],
    {
      origin: 'https://a.example',
      credentials: 'true',
      'expose-headers': 'ETag, X-A, Vary',
      etag: '"1"',
      'x-a': '2',
      vary: 'Origin',
    },
  ],
  ['no origin: only caches are told', {}, [], ['ETag', '"1"'], { etag: '"1"', vary: 'Origin' }],
  [
    'two origins are none',
    {},
    ['Origin', 'https://www.foo.com', 'Origin', 'https://evil.example'],
    [],
    { vary: 'Origin' },
  ],
  [
    'Vary that names Origin',
    {},
    [],
    ['Vary', 'Accept-Encoding, origin'],
    { vary: 'Accept-Encoding, origin' },
  ],
  ['Vary *', {}, [], ['Vary', '*'], { vary: '*' }],
]

for (const [name, more, fields, upstream, expected] of actual)
  test(`response: ${name}`, async () => {
    const found = await response(cors.compile(config(more), kit()), exchange({ fields }, upstream))
    assert.deepEqual(found, expected)
  })

test('a Vary of the upstream stays beside ours', async () => {
  const x = exchange({ fields: ['Origin', 'https://www.foo.com'] }, ['Vary', 'X-Origin'])
  const filter = cors.compile(config(), kit())
  answered(filter, x)
  await filter.response?.(x)
  assert.equal(x.response.fields.combined('vary'), 'X-Origin, Origin')
})

test('the origin that counts is the one that the client sent, whatever later filters do to it', async () => {
  const x = exchange({ fields: ['Origin', 'https://www.foo.com'] })
  const filter = cors.compile(config(), kit())
  answered(filter, x)
  x.request.fields.remove('origin')
  await filter.response?.(x)
  assert.equal(x.response.fields.get('access-control-allow-origin'), 'https://www.foo.com')
})

test('an exchange object that is used again is judged anew', async () => {
  const filter = cors.compile(config(), kit())
  const x = exchange({ fields: ['Origin', 'https://www.foo.com'] })
  await response(filter, x)
  const next: Exchange = Object.assign(x, exchange({ fields: [] }))
  assert.deepEqual(await response(filter, next), { vary: 'Origin' })
})
