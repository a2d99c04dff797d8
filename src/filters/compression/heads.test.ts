import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../http/fields.ts'
import { CHUNKED, NO_BODY, type RequestHead, type ResponseHead } from '../../http/head.ts'
import { localHead } from '../../http/local.ts'
import { compressionTypes } from '../../model/defaults.ts'
import {
  confirm,
  encodeHead,
  encodeHeadOnly,
  forbidsTransform,
  isCompressible,
  lengthOfGet,
  vary,
} from './heads.ts'
import { typeMatcher } from './media-types.ts'

const takes = typeMatcher(compressionTypes)

function head(status: number, fields: readonly string[]): ResponseHead {
  return { ...localHead(status, fields, 5000), hasLength: true }
}

const html = ['Content-Type', 'text/html']

for (const [what, status, fields, compressed] of [
  ['a page', 200, html, true],
  ['a created thing', 201, html, true],
  ['a redirect with a page', 302, html, true],
  ['an error page', 404, html, true],
  ['an error of the backend', 503, html, true],
  ['no content', 204, html, false],
  ['reset content', 205, html, false],
  ['a part', 206, html, false],
  ['not modified', 304, html, false],
  ['another protocol', 101, html, false],
  ['no type', 200, [], false],
  ['an image', 200, ['Content-Type', 'image/png'], false],
  ['gzip already', 200, [...html, 'Content-Encoding', 'gzip'], false],
  ['identity by name', 200, [...html, 'content-encoding', 'identity'], false],
  ['a range', 200, [...html, 'Content-Range', 'bytes 0-1/2'], false],
  ['an unsatisfied range', 416, [...html, 'Content-Range', 'bytes */2'], false],
  ['Content-Digest', 200, [...html, 'Content-Digest', 'sha-256=:AA==:'], false],
  ['Repr-Digest', 200, [...html, 'Repr-Digest', 'sha-256=:AA==:'], false],
  ['Digest', 200, [...html, 'DIGEST', 'SHA-256=AA=='], false],
  ['Content-MD5', 200, [...html, 'Content-MD5', 'AA=='], false],
  ['a signature', 200, [...html, 'Signature-Input', 'a=("etag")'], false],
  ['no-transform', 200, [...html, 'Cache-Control', 'no-transform'], false],
  ['no-transform among others', 200, [...html, 'Cache-Control', 'public, No-Transform,max-age=3'], false],
  [
    'no-transform in another line',
    200,
    [...html, 'Cache-Control', 'a', 'Cache-Control', 'no-transform'],
    false,
  ],
  ['another directive', 200, [...html, 'Cache-Control', 'x-no-transform, no-transformer'], true],
  ['ranges taken', 200, [...html, 'Accept-Ranges', 'bytes'], true],
] as const)
  test(`${what} is ${compressed ? '' : 'not '}compressed`, () =>
    assert.equal(isCompressible(head(status, fields), takes), compressed))

for (const [before, after] of [
  [[], ['Accept-Encoding']],
  [['Origin'], ['Origin', 'Accept-Encoding']],
  [['accept-encoding'], ['accept-encoding']],
  [['Origin, Accept-Encoding'], ['Origin, Accept-Encoding']],
  [['*'], ['*']],
  [['X-Accept-Encoding'], ['X-Accept-Encoding', 'Accept-Encoding']],
] as const)
  test(`Vary ${before.join(' | ') || 'absent'} becomes ${after.join(' | ')}`, () => {
    const fields = new Fields(before.flatMap(value => ['Vary', value]))
    vary(fields)
    assert.deepEqual(
      fields.list.filter((_, i) => i % 2 === 1),
      after,
    )
  })

for (const [before, after] of [
  ['"abc"', 'W/"abc"'],
  ['W/"abc"', 'W/"abc"'],
  ['""', 'W/""'],
  ['abc', undefined],
  ['"', undefined],
] as const)
  test(`ETag ${before} becomes ${after ?? 'none'}`, () => {
    const response = head(200, [...html, 'etag', before, 'Accept-Ranges', 'bytes'])
    encodeHead(response, 'br')
    assert.equal(response.fields.get('etag'), after)
    assert.equal(response.fields.get('accept-ranges'), undefined)
    assert.equal(response.fields.get('content-encoding'), 'br')
    assert.equal(response.length, CHUNKED)
    assert.equal(response.hasLength, false)
  })

test('the head of what is compressed at once says how long it is', () => {
  const response = head(200, html)
  encodeHead(response, 'gzip', 20)
  assert.deepEqual([response.length, response.hasLength], [20, true])
})

test('an answer to HEAD loses the length of what GET would not send', () => {
  const upstream = head(200, [...html, 'ETag', '"a"'])
  upstream.fields.set('Content-Length', '5000')
  upstream.length = NO_BODY
  upstream.hasLength = false
  assert.equal(lengthOfGet(upstream), 5000)
  encodeHeadOnly(upstream, 'gzip')
  assert.deepEqual(upstream.fields.list, [...html, 'ETag', 'W/"a"', 'Content-Encoding', 'gzip'])
  assert.equal(upstream.length, NO_BODY)
  assert.equal(lengthOfGet(upstream), undefined)

  const ours = head(200, html)
  assert.equal(lengthOfGet(ours), 5000)
  encodeHeadOnly(ours, 'gzip')
  assert.deepEqual([ours.length, ours.hasLength], [NO_BODY, false])
})

// The tag of a 304, what the client has asked by, and what it is told.
for (const [tag, asked, told] of [
  ['"abc"', 'W/"abc"', 'W/"abc"'],
  ['"abc"', '"x", W/"abc"', 'W/"abc"'],
  ['"abc"', '"abc"', '"abc"'],
  ['"abc"', '"abc", W/"abc"', '"abc"'],
  ['"abc"', '*', '"abc"'],
  ['"abc"', undefined, '"abc"'],
  ['"abc"', 'W/"abcd"', '"abc"'],
  ['W/"abc"', 'W/"abc"', 'W/"abc"'],
] as const)
  test(`a 304 of ${tag} to If-None-Match ${asked ?? 'absent'} says ${told}`, () => {
    const response = head(304, ['ETag', tag])
    const request = { fields: new Fields(asked === undefined ? [] : ['If-None-Match', asked]) } as RequestHead
    confirm(request, response)
    assert.equal(response.fields.get('etag'), told)
    assert.equal(response.fields.has('vary'), told !== tag)
  })

test('a request may forbid it', () => {
  assert.equal(forbidsTransform(new Fields(['Cache-Control', 'no-cache, no-transform'])), true)
  assert.equal(forbidsTransform(new Fields(['Cache-Control', 'no-cache'])), false)
  assert.equal(forbidsTransform(new Fields([])), false)
})
