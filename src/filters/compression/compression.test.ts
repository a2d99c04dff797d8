import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, origin } from '../../../test/support/exchange.ts'
import { kit } from '../../../test/support/kit.ts'
import { NO_BODY } from '../../http/head.ts'
import { clientDefaults, compressionTypes } from '../../model/defaults.ts'
import type { Exchange, Filter } from '../filter.ts'
import { compression } from './compression.ts'

const filter: Filter = compression.compile(
  {
    type: 'compression',
    origin,
    algorithms: clientDefaults.compressionAlgorithms,
    minBytes: 1000,
    contentTypes: compressionTypes,
  },
  kit(),
)

interface Case {
  readonly method?: string
  readonly asked?: readonly string[]
  readonly answered?: readonly string[]
  readonly status?: number
  readonly length?: number
  readonly hasLength?: boolean
}

/** Runs both steps; true where the body is to be transformed. */
function run(x: Exchange): boolean {
  assert.equal(filter.request?.(x), undefined)
  const verdict = filter.response?.(x)
  if (verdict === undefined) return false
  assert.ok('transform' in verdict)
  return true
}

function exchangeOf({
  method = 'GET',
  asked = [],
  answered = [],
  status = 200,
  length,
  hasLength,
}: Case): Exchange {
  const x = exchange({ method, fields: ['Accept-Encoding', 'gzip', ...asked] }, answered, status)
  if (length !== undefined) x.response.length = length
  if (hasLength !== undefined) x.response.hasLength = hasLength
  return x
}

const html = ['Content-Type', 'text/html'] as const

for (const [what, given, transformed, varies] of [
  ['a long page', { answered: html, length: 5000 }, true, true],
  ['a page of the least length', { answered: html, length: 1000 }, true, true],
  ['a short page', { answered: html, length: 999 }, false, true],
  [
    'a short page for whom identity will not do',
    { asked: ['Accept-Encoding', 'identity;q=0'], answered: html, length: 999 },
    true,
    true,
  ],
  ['an empty page', { answered: html, length: NO_BODY, hasLength: true }, false, true],
  ['a page of unknown length', { answered: html, length: -1 }, true, true],
  ['a page until the connection ends', { answered: html, length: -2 }, true, true],
  ['an image', { answered: ['Content-Type', 'image/png'], length: 5000 }, false, false],
  ['what is encoded', { answered: [...html, 'Content-Encoding', 'br'], length: 5000 }, false, false],
  [
    'what may not be changed',
    { answered: [...html, 'Cache-Control', 'no-transform'], length: 5000 },
    false,
    false,
  ],
  [
    'what the client wants unchanged',
    { asked: ['Cache-Control', 'no-transform'], answered: html, length: 5000 },
    false,
    true,
  ],
  [
    'what the client does not take',
    { asked: ['Accept-Encoding', 'identity;q=1'], answered: html, length: 5000 },
    true,
    true,
  ],
  [
    'a part',
    { answered: [...html, 'Content-Range', 'bytes 0-4999/9999'], status: 206, length: 5000 },
    false,
    false,
  ],
] as const)
  test(`${what} is ${transformed ? '' : 'not '}compressed, and ${varies ? 'varies' : 'is for all'}`, () => {
    const x = exchangeOf(given)
    assert.equal(run(x), transformed)
    assert.equal(x.response.fields.get('vary'), varies ? 'Accept-Encoding' : undefined)
    // Until the body is there.
    assert.equal(
      x.response.fields.has('content-encoding'),
      (given.answered as readonly string[]).includes('br'),
    )
  })

test('who accepts nothing is sent the body as it is, and caches are told', () => {
  const x = exchange({ method: 'GET' }, [...html, 'Content-Length', '5000'])
  assert.equal(run(x), false)
  assert.equal(x.response.fields.get('vary'), 'Accept-Encoding')
})

test('what filters of the route make of Accept-Encoding is for the backend', () => {
  const x = exchangeOf({ answered: html, length: 5000 })
  assert.equal(filter.request?.(x), undefined)
  x.request.fields.remove('accept-encoding')
  assert.notEqual(filter.response?.(x), undefined)
})

for (const [length, encoded] of [
  ['5000', true],
  ['1000', true],
  ['999', false],
  ['0', false],
  [undefined, true],
] as const)
  test(`HEAD of ${length ?? 'unknown'} bytes says ${encoded ? 'gzip' : 'nothing'}`, () => {
    const x = exchangeOf({
      method: 'HEAD',
      answered: [...html, 'ETag', '"a"', ...(length === undefined ? [] : ['Content-Length', length])],
      length: NO_BODY,
      hasLength: false,
    })
    assert.equal(run(x), false)
    assert.deepEqual(x.response.fields.list, [
      ...html,
      'ETag',
      encoded ? 'W/"a"' : '"a"',
      ...(length === undefined || encoded ? [] : ['Content-Length', length]),
      'Vary',
      'Accept-Encoding',
      ...(encoded ? ['Content-Encoding', 'gzip'] : []),
    ])
  })

test('a 304 keeps the tag by which the client asked', () => {
  const x = exchangeOf({ asked: ['If-None-Match', 'W/"a"'], answered: ['ETag', '"a"'], status: 304 })
  assert.equal(run(x), false)
  assert.deepEqual(x.response.fields.list, ['ETag', 'W/"a"', 'Vary', 'Accept-Encoding'])
})
