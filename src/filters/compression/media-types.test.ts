import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressionTypes } from '../../model/defaults.ts'
import { typeMatcher } from './media-types.ts'

const byDefault = typeMatcher(compressionTypes)

for (const [type, taken] of [
  ['text/html', true],
  ['text/html; charset=utf-8', true],
  ['Text/HTML;charset=UTF-8', true],
  ['text/plain ; format=flowed', true],
  ['text/event-stream', true],
  ['application/json', true],
  ['application/problem+json', true],
  ['application/vnd.api+json; ext="https://a.example/b;c"', true],
  ['application/atom+xml', true],
  ['application/wasm', true],
  ['image/svg+xml', true],
  ['font/ttf', true],
  ['image/png', false],
  ['image/jpeg', false],
  ['video/mp4', false],
  ['audio/mpeg', false],
  ['font/woff2', false],
  ['application/zip', false],
  ['application/pdf', false],
  ['application/octet-stream', false],
  ['multipart/byteranges; boundary=x', false],
  ['application/grpc', false],
  ['application/grpc+json', false],
  ['application/grpc-web+json', false],
  ['application/jsonx', false],
  ['xtext/html', false],
  ['text/', false],
  ['text', false],
  ['+json', false],
  ['', false],
] as const)
  test(`${JSON.stringify(type)} is ${taken ? '' : 'not '}compressed by default`, () => {
    assert.equal(byDefault(type), taken)
    // Once more from memory.
    assert.equal(byDefault(type), taken)
  })

for (const [types, type, taken] of [
  [['application/json'], 'application/json; charset=utf-8', true],
  [['application/json'], 'text/html', false],
  [['Application/JSON'], 'application/json', true],
  [['text/*'], 'text/x.y', true],
  [['application/*+json'], 'application/a.b+json', true],
  [['application/*+json'], 'application/json', false],
  [['application/*+json'], 'application/axjson', false],
  [['*/*'], 'application/x-own', true],
  [['*/*'], 'application/grpc', false],
  // A wildcard never takes what is compressed already; its name does.
  [['*/*'], 'image/png', false],
  [['image/*'], 'image/png', false],
  [['image/*'], 'image/svg+xml', true],
  [['image/png'], 'image/png', true],
  [['*/*'], 'application/zip', false],
  [[], 'text/html', false],
] as const)
  test(`${types.join(', ')} ${taken ? 'takes' : 'leaves'} ${type}`, () =>
    assert.equal(typeMatcher(types)(type), taken))

test('many different types are remembered only up to a bound', () => {
  for (let i = 0; i < 1000; i++) assert.equal(byDefault(`text/plain; x=${i}`), true)
})
