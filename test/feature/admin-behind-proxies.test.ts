// Another program's reverse proxy on the same machine, before the admin listener: from loopback, for whoever asks it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { requirePeer } from '../support/peer.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'

const before = (port: number, admin: number): string =>
  yamlOf(
    gateway([{ name: 'http', port }]),
    backend('admin', [admin]),
    httpRoute('r', {
      rules: [
        {
          filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'localhost' } }],
          backendRefs: [to('admin')],
        },
      ],
    }),
  )

const nginx = (port: number, admin: number, folder: string, more: string) => `
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${admin}; ${more} } }
}
`

const haproxy = (port: number, admin: number) => `
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen all
  bind 127.0.0.1:${port}
  http-request set-header Host 127.0.0.1:${admin}
  server gateway 127.0.0.1:${admin}
`

/** A gateway whose admin listener is there, and what a proxy before it answers of its views. */
async function answerBehind(
  proxy: (port: number, admin: number, folder: string) => AsyncDisposable | Promise<AsyncDisposable>,
) {
  using work = new Folder({ 'gateway.yaml': before(await freePort(), 1) })
  await using run = await RunProcess.start([work.path], '--workers', '1')
  await run.started()
  assert.equal((await run.get('/v1/status')).status, 200)
  const port = await freePort()
  await using _ = await proxy(port, run.admin, work.path)
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
  while ((await ask('/healthz').catch(() => null))?.status !== 200) await setTimeout(20)
  const response = await ask('/v1/status')
  return { status: response.status, text: await response.text() }
}

function program(path: string, ...args: readonly string[]): AsyncDisposable {
  const child = spawn(path, args, { stdio: 'ignore' })
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'close')
      if (child.exitCode === null && child.kill()) await ended
    },
  }
}

for (const [what, more, reason] of [
  ['as it comes', 'proxy_http_version 1.0;', 'it is HTTP/1.0'],
  [
    'as its documentation says',
    'proxy_http_version 1.1; proxy_set_header Host 127.0.0.1:$proxy_port; proxy_set_header X-Real-IP $remote_addr;',
    'a proxy has sent it (x-real-ip)',
  ],
] as const)
  test(`nginx ${what} opens no view`, async t => {
    const path = requirePeer(t, 'nginx')
    if (path === null) return
    const { status, text } = await answerBehind((port, admin, folder) => {
      const config = join(folder, 'nginx.conf')
      writeFileSync(config, nginx(port, admin, folder, more))
      return program(path, '-c', config, '-e', join(folder, 'error.log'))
    })
    assert.equal(status, 401)
    assert.ok(text.includes(reason), text)
  })

test('HAProxy opens no view', async t => {
  const path = requirePeer(t, 'haproxy')
  if (path === null) return
  const { status, text } = await answerBehind((port, admin, folder) => {
    const config = join(folder, 'haproxy.cfg')
    writeFileSync(config, haproxy(port, admin))
    return program(path, '-db', '-f', config)
  })
  assert.equal(status, 401)
  assert.match(text, /a proxy has sent it \(x-forwarded-for\)/)
})

test('another gateway of ours opens no view', async () => {
  const { status, text } = await answerBehind(async (port, admin, folder) => {
    mkdirSync(join(folder, 'other'))
    const file = join(folder, 'other', 'gateway.yaml')
    writeFileSync(file, before(port, admin))
    const other = await RunProcess.start([file], '--workers', '1')
    await other.started()
    return other
  })
  assert.equal(status, 401)
  assert.match(text, /its Host is localhost|a proxy has sent it/)
})
