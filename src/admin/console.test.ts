import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { fastify } from 'fastify'
import { serveConsole } from './console.ts'
import type { Api } from '../api/api.ts'

const page = '<!doctype html><p>console'
const script = 'console.log(1)'.repeat(100)

async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-console-'))
  const web = join(folder, 'web')
  writeFileSync(join(folder, 'secret.js'), 'secret')
  const build = (): void => {
    mkdirSync(join(web, 'assets'), { recursive: true })
    writeFileSync(join(web, 'assets', 'a-1.js'), script)
    writeFileSync(join(web, 'assets', 'a-1.js.br'), brotliCompressSync(script))
    writeFileSync(join(web, 'assets', 'a-1.js.gz'), gzipSync(script))
    writeFileSync(join(web, 'index.html'), page)
  }
  const app = fastify()
  serveConsole(app as unknown as Api, web)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path, method, headers }, resolve).on('error', reject).end()
    })
    return { status: response.statusCode, fields: response.headers, body: await buffer(response) }
  }
  return {
    build,
    get,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      rmSync(folder, { recursive: true })
    },
  }
}

test('what is not built says how to build it, and is there once it is', async () => {
  await using console_ = await start()
  const { status, body } = await console_.get('/')
  assert.equal(status, 404)
  assert.equal(body.toString(), 'the console is not built: npm run build:web\n')
  console_.build()
  assert.equal((await console_.get('/')).body.toString(), page)
})

test('every path of a view is the page, and no other is', async () => {
  await using console_ = await start()
  console_.build()
  for (const path of [
    '/',
    '/index.html',
    '/map',
    '/backends/Backend/default/a.b:80',
    '/routes/a%2Fb',
    '/map?q=%',
    '/%2e%2e/secret.js',
    '/../secret.js',
    '/..%2fsecret.js',
    '//a',
  ]) {
    const { status, fields, body } = await console_.get(path)
    assert.equal(status, 200, path)
    assert.equal(body.toString(), page, path)
    assert.equal(fields['cache-control'], 'no-cache')
    assert.equal(fields['content-type'], 'text/html; charset=utf-8')
  }
  for (const path of [
    '/v1',
    '/v1/nothing',
    '/assets/none.js',
    '/assets/../../secret.js',
    '/assets/a-1.js.br',
    '/assets/',
  ])
    assert.equal((await console_.get(path)).status, 404, path)
})

test('a file goes in the form that its reader takes, once, and by what it may load', async () => {
  await using console_ = await start()
  console_.build()
  for (const [accepted, encoding, decode] of [
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
    ['identity', undefined, (bytes: Buffer) => bytes],
    ['', undefined, (bytes: Buffer) => bytes],
  ] as const) {
    const { fields, body } = await console_.get('/assets/a-1.js', { 'accept-encoding': accepted })
    assert.equal(fields['content-encoding'], encoding, accepted)
    assert.equal(decode(body).toString(), script)
    assert.equal(fields['content-type'], 'text/javascript; charset=utf-8')
    assert.equal(fields['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal(fields.vary, 'Accept-Encoding')
  }
  const { fields } = await console_.get('/')
  const policy = String(fields['content-security-policy'])
  assert.match(policy, /^default-src 'none'; script-src 'self'; /)
  assert.doesNotMatch(policy, /unsafe|http|\*/)
  assert.match(policy, /frame-ancestors 'none'/)
  for (const [name, value] of [
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
  ] as const)
    assert.equal(fields[name], value)
  const again = await console_.get('/', { 'if-none-match': `"x", W/${String(fields.etag)}` })
  assert.deepEqual([again.status, again.body.length], [304, 0])
  const head = await console_.get('/', {}, 'HEAD')
  assert.deepEqual(
    [head.status, head.fields['content-length'], head.body.length],
    [200, String(page.length), 0],
  )
})
