import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { seenIn } from '../../../test/support/seen.ts'
import { AdminListener, type AdminView } from '../listener.ts'
import { refusalOf, type Accounts } from '../../api/access.ts'
import type { ApiPart } from '../../api/api.ts'
import { makeApi } from '../api.ts'
import type { Permission } from '../../api/permissions.ts'
import { AdminPaths } from '../paths.ts'
import { FailedTries } from './failed-tries.ts'
import { AdminToken } from './token.ts'

async function start(host: string, given: Partial<AdminView> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-access-'))
  const token = new AdminToken(join(folder, 'secrets', 'admin-token'))
  assert.deepEqual(token.open(), { made: true, fault: null })
  const paths = new AdminPaths()
  paths.add('/service', (_, response) => void response.end('served'))
  const admin = new AdminListener({
    seen: seenIn(),
    paths,
    token,
    metrics: () => Promise.resolve('m 1\n'),
    ...given,
  })
  const { port } = await admin.listen(host, 0)
  const socket = join(folder, 'socket')
  await admin.listenOnSocket(socket)
  return {
    port,
    socket,
    token,
    secret: readFileSync(token.file, 'utf8').trim(),
    [Symbol.dispose]: () => {
      admin.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Status and all that came, of a request as it stands. */
async function ask(
  where: { port: number; host?: string } | { path: string },
  lines: readonly string[],
  body = '',
) {
  const connection = connect(where)
  await once(connection, 'connect')
  connection.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
  const answer = await text(connection)
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0), answer }
}

test('what is only read is open to programs and pages of the machine itself, and to nobody else', async t => {
  using admin = await start('127.0.0.1')
  const { port } = admin
  const rows: readonly (readonly [what: string, status: number, ...lines: string[]])[] = [
    ['a program', 200, `Host: 127.0.0.1:${port}`],
    ['by name', 200, `Host: LocalHost:${port}`],
    ['by IPv6', 200, `Host: [::1]:${port}`],
    ['an address that was typed', 200, `Host: localhost:${port}`, 'Sec-Fetch-Site: none'],
    [
      'our page',
      200,
      `Host: localhost:${port}`,
      'Sec-Fetch-Site: same-origin',
      `Origin: http://localhost:${port}`,
    ],
    ['another port', 401, 'Host: localhost:80'],
    ['no port', 401, 'Host: localhost'],
    ['a name that leads here (DNS rebinding)', 401, `Host: evil.example:${port}`],
    ['a name that begins like it', 401, `Host: localhost.evil.example:${port}`],
    ['a name with a user before it', 401, `Host: localhost:${port}@evil.example`],
    ['another address of loopback', 401, `Host: 127.0.0.2:${port}`],
    ['an address as a number', 401, `Host: 2130706433:${port}`],
    ['two Hosts', 401, `Host: localhost:${port}`, 'Host: evil.example'],
    ['a page of another site', 401, `Host: localhost:${port}`, 'Sec-Fetch-Site: cross-site'],
    ['a page of another port', 401, `Host: localhost:${port}`, 'Sec-Fetch-Site: same-site'],
    ['a page of an old browser', 401, `Host: localhost:${port}`, 'Origin: http://evil.example'],
    ['a page without an origin', 401, `Host: localhost:${port}`, 'Origin: null'],
    ...[
      'Via: 1.1 p',
      'Forwarded: for=1.2.3.4',
      'X-Forwarded-For: 1.2.3.4',
      'X-Forwarded-Anything: ',
      'X-Real-IP: 1.2.3.4',
      'X_Forwarded_For: 1.2.3.4',
      'X-Original-Forwarded-For: 1.2.3.4',
      'X-Client-IP: 1.2.3.4',
      'CF-Connecting-IP: 1.2.3.4',
      'True-Client-IP: 1.2.3.4',
      'X-Envoy-External-Address: 1.2.3.4',
      'Connection: close',
      'Connection: x, Close',
    ].map(line => [`a proxy: ${line}`, 401, `Host: localhost:${port}`, line] as const),
  ]
  for (const [what, status, ...lines] of rows)
    await t.test(what, async () => {
      for (const path of ['/v1/status', '/status', '/service', '/%761/status', '/v1/nothing']) {
        const { status: got, answer } = await ask({ port }, [`GET ${path} HTTP/1.1`, ...lines])
        const wanted = status === 200 && path === '/v1/nothing' ? 404 : status
        assert.equal(got, wanted, `${path}: ${answer}`)
        assert.match(answer, /\r\ncache-control: no-store\r\n/i)
        if (status !== 401) continue
        assert.match(answer, /\r\nwww-authenticate: Bearer /i)
        assert.match(
          answer,
          /"detail":"needs Authorization: Bearer TOKEN, since .*admin-token of the gateway's machine"/,
        )
      }
      const open = await ask({ port }, ['GET /healthz HTTP/1.1', ...lines])
      assert.equal(open.status, 200)
    })
  await t.test('a proxy behind more fields than Node keeps by itself', async () => {
    const many = Array.from({ length: 3_000 }, () => 'a:')
    const { status } = await ask({ port }, [
      'GET /v1/status HTTP/1.1',
      `Host: localhost:${port}`,
      ...many,
      'Via: p',
    ])
    assert.equal(status, 401)
  })
  await t.test('an old proxy that adds nothing', async () => {
    const { status } = await ask({ port }, ['GET /v1/status HTTP/1.0', `Host: localhost:${port}`])
    assert.equal(status, 401)
  })
  await t.test('a target with a host of its own', async () => {
    const { status } = await ask({ port }, [
      'GET http://evil.example/v1/status HTTP/1.1',
      `Host: localhost:${port}`,
    ])
    assert.equal(status, 401)
  })
  await t.test('what is no reading needs a token on the machine too', async () => {
    for (const path of ['/v1/status', '/service', '/v1/nothing'])
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
        assert.equal(
          (await ask({ port }, [`${method} ${path} HTTP/1.1`, `Host: localhost:${port}`])).status,
          401,
        )
  })
})

test('where other machines reach the listener, a token is needed also from here', async () => {
  using admin = await start('0.0.0.0')
  const { port, secret } = admin
  const host = `Host: 127.0.0.1:${port}`
  const without = await ask({ port }, ['GET /v1/status HTTP/1.1', host])
  assert.equal(without.status, 401)
  assert.match(without.answer, /bound to 0\.0\.0\.0/)
  assert.equal((await ask({ port }, ['GET /healthz HTTP/1.1', 'Host: any'])).status, 200)
  const withIt = await ask({ port }, [
    'GET /v1/status HTTP/1.1',
    'Host: any',
    `Authorization: Bearer ${secret}`,
  ])
  assert.equal(withIt.status, 200)
})

test('a token lets in by any name and way, and is judged alone where one is brought', async () => {
  using admin = await start('127.0.0.1')
  const { port, secret } = admin
  const rows = [
    [200, 'evil.example', `Bearer ${secret}`],
    [200, 'evil.example', `bearer  ${secret}`],
    [401, `localhost:${port}`, `Bearer ${secret}x`],
    [401, `localhost:${port}`, `Bearer ${secret.slice(0, -1)}`],
    [401, `localhost:${port}`, `Basic ${secret}`],
    [401, `localhost:${port}`, 'Bearer'],
    [401, `localhost:${port}`, ''],
  ] as const
  for (const [status, host, authorization] of rows) {
    const lines = [`Host: ${host}`, 'Via: 1.1 p', `Authorization: ${authorization}`]
    const { status: got, answer } = await ask({ port }, ['GET /v1/status HTTP/1.1', ...lines])
    assert.equal(got, status, authorization)
    assert.ok(!answer.includes(secret))
  }
  const other = await ask({ port }, ['POST /service HTTP/1.1', 'Host: a', `Authorization: Bearer ${secret}`])
  assert.equal(other.status, 200)
})

test('who has tried ten tokens in vain waits, but nobody beside it who has the right one', async () => {
  using admin = await start('0.0.0.0')
  const { port, secret } = admin
  const with_ = (token: string) =>
    ask({ port }, ['GET /v1/status HTTP/1.1', 'Host: a', `Authorization: Bearer ${token}`])
  for (let i = 0; i < 10; i++) assert.equal((await with_(`no-such-token-${i}`)).status, 401)
  const { status, answer } = await with_('no-such-token-10')
  assert.equal(status, 429)
  assert.match(answer, /\r\nretry-after: \d+\r\n/i)
  assert.equal((await with_(secret)).status, 200)
  assert.equal((await ask({ path: admin.socket }, ['GET /v1/status HTTP/1.1', 'Host: a'])).status, 200)
})

test('tries are counted by client, end with their window, and are bounded', () => {
  let nowMs = 0
  const tries = new FailedTries(() => nowMs)
  for (let i = 0; i < 10; i++) tries.failed('a')
  assert.equal(tries.waitS('a'), 60)
  assert.equal(tries.waitS('b'), 0)
  nowMs = 60_000
  assert.equal(tries.waitS('a'), 0)
  tries.failed('a')
  assert.equal(tries.waitS('a'), 0)
  for (let i = 0; i < 9; i++) tries.failed('a')
  assert.equal(tries.waitS('a'), 60)
  for (let i = 0; i < 5_000; i++) tries.failed(`client ${i}`)
  assert.equal(tries.waitS('a'), 0)
})

test('by the socket one is the operator, whatever the request says', async () => {
  using admin = await start('127.0.0.1')
  for (const path of ['/v1/status', '/status', '/service', '/healthz'])
    assert.equal(
      (await ask({ path: admin.socket }, [`GET ${path} HTTP/1.1`, 'Host: a', 'Via: 1.1 p'])).status,
      200,
    )
  assert.equal((await ask({ path: admin.socket }, ['POST /service HTTP/1.1', 'Host: a'])).status, 200)
})

test('a token is made once, for its owner alone, and another one takes its place at once', async () => {
  using admin = await start('127.0.0.1')
  const { port, token, secret } = admin
  assert.equal(statSync(token.file).mode & 0o777, 0o600)
  assert.match(secret, /^[\w-]{43}$/)
  assert.deepEqual(new AdminToken(token.file).open(), { made: false, fault: null })
  const by = async (value: string) =>
    (await ask({ port }, ['GET /v1/status HTTP/1.1', 'Host: a', `Authorization: Bearer ${value}`])).status
  writeFileSync(`${token.file}.new`, 'a-token-of-my-own-0001\n', { mode: 0o600 })
  renameSync(`${token.file}.new`, token.file)
  assert.equal(await by(secret), 401)
  assert.equal(await by('a-token-of-my-own-0001'), 200)
  rmSync(token.file)
  assert.equal(await by('a-token-of-my-own-0001'), 401)
})

test('a file of the token that is none says what is wrong with it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-token-'))
  const file = join(folder, 'admin-token')
  for (const [content, mode, fault] of [
    ['', 0o600, /has no token, expected 20 characters/],
    ['nineteen-characters\n', 0o600, /has no token/],
    ['two words of a token\n', 0o600, /has no token/],
    ['a-token-that-is-long-enough\n', 0o644, /can be read by others, expected mode 0600/],
    ['a-token-that-is-long-enough\n', 0o600, null],
  ] as const) {
    writeFileSync(file, content)
    chmodSync(file, mode)
    const token = new AdminToken(file)
    const said = token.open()
    assert.equal(said.made, false)
    if (fault === null) assert.equal(said.fault, null)
    else assert.match(said.fault ?? '', fault)
    assert.equal(token.matches(`Bearer ${content.trim()}`), content.startsWith('a-token'))
  }
  assert.match(new AdminToken(join(file, 'admin-token')).open().fault ?? '', /ENOTDIR|EEXIST/)
  rmSync(folder, { recursive: true })
})

/** One user for each permission, whose token is its name. */
const accountsIn = (exist: Accounts['exist']): Accounts => ({
  exist,
  whoBrings: token =>
    token.startsWith('pcp_')
      ? {
          id: token,
          name: token,
          may: (permission: Permission) =>
            permission === 'self' || token === `pcp_${permission.replace(':', '_')}`,
        }
      : null,
})

test('once there are users, only their tokens and the socket let in, to what their roles allow', async () => {
  using admin = await start('127.0.0.1', { accounts: () => accountsIn(true) })
  const { port, secret, socket } = admin
  const host = `Host: localhost:${port}`
  const get = (...lines: string[]) => ask({ port }, ['GET /v1/status HTTP/1.1', host, ...lines])
  const none = await get()
  assert.equal(none.status, 401)
  assert.match(none.answer, /since there are users; bring a personal access token of a user/)
  const old = await get(`Authorization: Bearer ${secret}`)
  assert.equal(old.status, 401)
  assert.match(old.answer, /admin-token counts only until there are users; bring a personal access token/)
  assert.equal((await get('Authorization: Bearer pcp_platform_read')).status, 200)
  const other = await get('Authorization: Bearer pcp_accounts_read')
  assert.equal(other.status, 403)
  assert.match(other.answer, /needs a role with platform:read/)
  // What is nowhere is told to whoever has got in.
  assert.equal(
    (await ask({ port }, ['GET /v1/nothing HTTP/1.1', host, 'Authorization: Bearer pcp_accounts_read']))
      .status,
    404,
  )
  assert.equal((await ask({ path: socket }, ['GET /v1/status HTTP/1.1', host])).status, 200)
})

test('as long as nobody knows whether there are users, nobody is told that he is none', async () => {
  using admin = await start('127.0.0.1', { accounts: () => accountsIn('unknown') })
  const { port, secret, socket } = admin
  const host = `Host: localhost:${port}`
  for (const lines of [[], [`Authorization: Bearer ${secret}`], ['Authorization: Bearer pcx_unknown']]) {
    const { status, answer } = await ask({ port }, ['GET /v1/status HTTP/1.1', host, ...lines])
    assert.equal(status, 503)
    assert.match(answer, /retry-after: 1\r\n/i)
  }
  assert.equal((await ask({ path: socket }, ['GET /v1/status HTTP/1.1', host])).status, 200)
})

test('as long as there are none, admin-token is as it was', async () => {
  using admin = await start('127.0.0.1', { accounts: () => accountsIn(false) })
  const { port, secret } = admin
  const by = async (...lines: string[]) =>
    (await ask({ port }, ['GET /v1/status HTTP/1.1', `Host: localhost:${port}`, ...lines])).status
  assert.equal(await by(), 200)
  assert.equal(await by(`Authorization: Bearer ${secret}`), 200)
})

test('a route that does not say who may have it is not served', async () => {
  const without: ApiPart = {
    load: () => Promise.resolve(app => void app.get('/v1/forgotten', {}, () => 'secrets')),
  }
  await assert.rejects(
    makeApi(seenIn(), new AdminPaths(), [without]),
    /GET \/v1\/forgotten names no permission/,
  )
})

test('without a token one sees what a viewer does', () => {
  const by = (permission: Permission | null, reads = true) =>
    refusalOf({ level: 'views', by: 'loopback' }, { permission, reads })?.status ?? 200
  assert.equal(by('platform:read'), 200)
  assert.equal(by('accounts:read'), 200)
  assert.equal(by('users:read'), 401)
  assert.equal(by('audit:read'), 401)
  assert.equal(by('accounts:read', false), 401)
})
