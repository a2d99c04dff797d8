// `portcullis composition mock`: backends by their contracts alone.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Folder } from '../support/process.ts'
import { Seen } from '../support/until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const contract = `openapi: 3.1.0
info: { title: Users, version: '1' }
paths:
  /users/{id}:
    get:
      responses:
        '200':
          description: known
          headers: { ETag: { schema: { type: string, example: '"a"' } } }
          content:
            application/json:
              schema: { type: object, properties: { name: { type: string } } }
              examples: { ada: { value: { name: Ada } }, bob: { value: { name: Bob } } }
        '404': { description: unknown, content: { application/problem+json: { example: { title: Nobody } } } }
    delete: { responses: { '204': { description: gone } } }
  /users/me:
    get: { responses: { default: { description: me, content: { text/plain: { example: it is me } } } } }
`

test('examples, by status and by name, the same each time', async () => {
  using folder = new Folder({ 'users.yaml': contract })
  const child = spawn(join(root, 'bin/portcullis'), ['composition', 'mock', 'users.yaml', '--port', '0'], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  const ended = once(child, 'close')
  try {
    const said = new Seen<string>()
    createInterface(child.stdout).on('line', line => said.push(line))
    const first = await said.first(line => line.includes('http://'))
    const url = /http:\S+/.exec(first)![0]
    const ask = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(url + path, init)
      return [answer.status, answer.headers.get('content-type'), await answer.text()]
    }
    const ada = [200, 'application/json', '{"name":"Ada"}']
    assert.deepEqual(await ask('/users/7'), ada)
    assert.deepEqual(await ask('/users/8?q=1'), ada)
    assert.equal((await fetch(`${url}/users/7`)).headers.get('etag'), '"a"')
    assert.deepEqual(await ask('/users/7', { method: 'HEAD' }), [200, 'application/json', ''])
    const bob = [200, 'application/json', '{"name":"Bob"}']
    assert.deepEqual(await ask('/users/7', { headers: { prefer: 'example=bob' } }), bob)
    assert.deepEqual(await ask('/users/7?__example=bob'), bob)
    const nobody = [404, 'application/problem+json', '{"title":"Nobody"}']
    assert.deepEqual(await ask('/users/7', { headers: { prefer: 'wait=3, code=404' } }), nobody)
    assert.deepEqual(await ask('/users/7?__code=404'), nobody)
    assert.equal((await ask('/users/7?__code=503'))[0], 503)
    assert.deepEqual(await ask('/users/7', { method: 'DELETE' }), [204, null, ''])
    assert.deepEqual(await ask('/users/me'), [200, 'text/plain', 'it is me'])
    assert.equal((await ask('/orders'))[0], 404)
    assert.equal((await ask('/users/7', { method: 'POST', body: 'x'.repeat(100_000) }))[0], 405)
    await said.first(line => line === 'users  404  GET /users/7?__code=404  GET /users/{id}')
  } finally {
    child.kill('SIGTERM')
  }
  assert.deepEqual(await ended, [0, null])
})
