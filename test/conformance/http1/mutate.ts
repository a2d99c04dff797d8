import type { HeadLimits } from '../../../src/http/h1/request-parser.ts'

/** Where randomness comes from: a whole number from 0 to below n. */
export type Random = (n: number) => number

/** xorshift32: a seed printed is a run repeated. */
export function seeded(seed: number): Random {
  let state = seed | 0 || 1
  return n => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

const methods = [
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'QUERY',
  'PURGE',
  'CONNECT',
  'TRACE',
  'get',
  'FOO',
  'x',
  "!#$%&'*+-.^_`|~",
  'A'.repeat(32),
  'A'.repeat(33),
  'Delete',
  'VERSION-CONTROL',
  'PRI',
  'SOURCE',
]
const targets = [
  '/',
  '/a/b?c=d',
  '/a%2Fb',
  '/../x',
  '/%7euser/./y',
  '*',
  'http://b.example/x',
  'http://b.example',
  'a.example:80',
  '/a?b[]=c',
  '//x',
  '/%zz',
  '/a#b',
  '/[x]',
  'http://u@b/',
  '/a\\b',
  '/%00',
  '/?',
  'HTTP://B:80/?q',
  '/?a=b|c{d}^e`f\\g%',
  '/a|b^c?%4',
  '/?%%00',
  '/?%%41%u0041',
  '/a%5Cb%5c',
  '/a/..%5C..%2Fb',
  '/%5C%2e%2E/x',
  '/a%2F%5C/../|',
  'http://b.example:/x|y?{}',
]
const versions = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.1 ',
  '',
]
const fields = [
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: 3',
  'Content-Length:  5 ',
  'content-length:5\t',
  'Content-Length: 05',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 5\x0c',
  'Content-Length : 5',
  'Content_Length: 5',
  'Content-Length: 0x5',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'transfer-encoding:CHUNKED ',
  'Transfer-Encoding:\tchunked\t',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding:',
  'Transfer-Encoding: "chunked"',
  'X: y',
  'X:',
  'X: \t y \t',
  'X: a\x80\xff',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: X',
  'Connection: upgrade',
  'Connection: close, X-Hop',
  'Connection: ,',
  'Proxy-Connection: close',
  'Proxy-Connection: keep-alive',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Expect: x',
  'TE: trailers',
  'Trailer: X-Sum',
  'X-Hop: 1',
  'X_Y: z',
  ' folded',
  '\tfolded',
  ':',
  'No-Colon',
  'X : y',
  'Host: other',
  'Host: other:',
  'Cookie: a',
  'Cookie: b',
  'X-Forwarded-For: 1.2.3.4',
  'Via: 1.1 x',
  'Keep-Alive: 5',
]
const bodies = [
  'hello',
  '',
  'abc',
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;a=b\r\nhello\r\n0\r\n\r\n',
  '5;a="\\"b"\r\nhello\r\n0;c\r\nX-Sum: 1\r\n\r\n',
  '05\r\nhello\r\n00\r\n\r\n',
  '3\r\nabc\r\n2\r\nde\r\n0\r\nHost: x\r\nX: y\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n',
  '-1\r\n',
  '5\r\nhello0\r\n\r\n',
  'fffffffffffffffff\r\nx',
  '0\r\n\n',
  '5;\r\nhello\r\n0\r\n\r\n',
  '5;a\x01\r\nhello\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '5;a=b;c="d;e"\r\nhello\r\n0\r\n\r\n',
  '0\r\nX : y\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
]
const troubling = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '"',
  '\\',
  '%',
  '#',
  '0',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x80',
  '\xff',
  '_',
  '=',
  'chunked',
  'HTTP/1.1',
  '/',
  '.',
  '..',
  '?',
  '@',
  '[',
  '|',
  '{',
  '}',
  '^',
  '`',
  '%5C',
  '%2F',
  '%2e',
  '\x1f',
  '\x85',
  '\xa0',
]

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!

/** Messages that are valid or close to it: half of them by grammar alone, the others damaged by bytes. */
export function makeRequests(random: Random): Buffer {
  let text = random(20) === 0 ? '\r\n' : ''
  for (let n = 1 + random(2); n > 0; n--) text += makeRequest(random)
  for (let n = random(2) * (1 + random(3)); n > 0; n--) text = damage(random, text)
  return Buffer.from(text, 'latin1')
}

function makeRequest(random: Random): string {
  const plain = random(3) > 0
  let text = `${plain ? pick(random, ['GET', 'POST']) : pick(random, methods)} ${plain ? '/x' : pick(random, targets)} `
  text += `${random(4) > 0 ? 'HTTP/1.1' : pick(random, versions)}\r\n`
  if (random(30) > 0) text += random(10) > 0 ? 'Host: a.example\r\n' : 'Host: a.example:\r\n'
  for (let n = random(4); n > 0; n--) text += `${pick(random, fields)}\r\n`
  if (random(2) === 0) return `${text}\r\n`
  // Framing that fits, so that the differences lie in the bodies.
  const body = pick(random, bodies)
  return random(2) === 0
    ? `${text}Content-Length: ${body.length}\r\n\r\n${body}`
    : `${text}Transfer-Encoding: chunked\r\n\r\n${body}`
}

const statusLines = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200 OK',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 X',
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 101 Switching',
  'HTTP/1.1 404 ',
  'HTTP/1.1 500',
  'HTTP/1.2 200 OK',
  'HTTP/1.1 999 X',
  'ICY 200 OK',
]

/** A response's head and some of its body, damaged like requests are. */
export function makeResponse(random: Random): Buffer {
  let text = `${pick(random, statusLines)}\r\n`
  for (let n = random(5); n > 0; n--) text += `${pick(random, fields)}\r\n`
  text += `\r\n${pick(random, bodies)}`
  for (let n = random(2) * (1 + random(3)); n > 0; n--) text = damage(random, text)
  return Buffer.from(text, 'latin1')
}

/** Limits, often so small that messages pass them at any place. */
export function makeLimits(random: Random, usual: HeadLimits): HeadLimits {
  const or = (value: number, small: number): number => (random(4) > 0 ? value : small)
  return {
    requestLineBytes: or(usual.requestLineBytes, 8 + random(40)),
    fieldBytes: or(usual.fieldBytes, 3 + random(30)),
    headBytes: or(usual.headBytes, 10 + random(120)),
    fieldCount: or(usual.fieldCount, random(4)),
    encodedSlash: pick(random, ['keep', 'reject', 'unescape'] as const),
    emptySegments: pick(random, ['keep', 'merge'] as const),
    illegalCharacters: pick(random, ['encode', 'keep', 'reject'] as const),
    underscores: pick(random, ['allow', 'drop', 'reject'] as const),
  }
}

function damage(random: Random, text: string): string {
  // Half of the damage near the end, where bodies are: chunks are short and would hardly ever be hit.
  const at = random(2) === 0 ? random(text.length + 1) : text.length - random(Math.min(24, text.length + 1))
  switch (random(6)) {
    case 0:
      return text.slice(0, at) + pick(random, troubling) + text.slice(at)
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + random(3))
    case 2:
      return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1)
    case 3: {
      const end = at + random(20)
      return text.slice(0, end) + text.slice(at)
    }
    case 4:
      // Line endings are where parsers differ.
      return replaceOne(
        random,
        text,
        '\r\n',
        pick(random, ['\n', '\r', '\n\r', '\r\r\n', '\r\n ', '', '\r\n\r\n']),
      )
    default:
      return (
        text.slice(0, at) +
        String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << random(8))) +
        text.slice(at + 1)
      )
  }
}

function replaceOne(random: Random, text: string, what: string, by: string): string {
  const parts = text.split(what)
  if (parts.length < 2) return text
  const at = 1 + random(parts.length - 1)
  return parts.slice(0, at).join(what) + by + parts.slice(at).join(what)
}

/** Pieces of 1 to 8 bytes, or two, or three halves. */
export function cutRandomly(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  const most = pick(random, [1, 8, Math.max(1, bytes.length)])
  for (let at = 0; at < bytes.length;) {
    const next = at + 1 + random(most)
    pieces.push(bytes.subarray(at, next))
    at = next
  }
  return pieces
}
