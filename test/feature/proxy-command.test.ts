import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { freePort } from '../support/process.ts'
import { askOnce } from '../support/tls.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'portcullis-proxy-'))
after(() => rmSync(work, { recursive: true }))

const data = ['--data', join(work, 'state'), '--admin', 'off', '--workers', '1']

/** `portcullis proxy` with what it says on standard error. */
class ProxyProcess implements AsyncDisposable {
  readonly said = new Seen<string>()
  private readonly child
  private readonly ended

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [main, 'proxy', ...args, ...data], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.ended = once(this.child, 'close')
    createInterface(this.child.stderr).on('line', line => this.said.push(line))
  }

  async until(text: string): Promise<void> {
    const line = await Promise.race([this.said.first(one => one.includes(text)), this.ended.then(() => null)])
    assert.notEqual(line, null, this.said.all.join('\n'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM')
    await this.ended
  }
}

const named = (name: string) =>
  TestUpstream.start((request, response) => void response.end(`${name} ${request.url ?? ''}`))

suite('portcullis proxy', () => {
  test('serves hosts and paths, and says where they go', async () => {
    await using shop = await named('shop')
    await using api = await named('api')
    const port = await freePort()
    await using proxy = new ProxyProcess(
      `127.0.0.1:${port}`,
      `shop.localhost=:${shop.port}`,
      `/api=http://127.0.0.1:${api.port}/base`,
    )
    await proxy.until('started')
    assert.equal((await send(port, { host: 'shop.localhost', path: '/x' })).body, 'shop /x')
    assert.equal((await send(port, { host: 'any', path: '/api/y' })).body, 'api /base/y')
    assert.equal((await send(port, { host: 'any', path: '/z' })).status, 404)
    assert.match(
      proxy.said.all.join('\n'),
      new RegExp(`http://shop\\.localhost:${port}/ +→ http://127\\.0\\.0\\.1:${shop.port}`),
    )
  })

  test('serves HTTPS by an authority of its own', async () => {
    await using shop = await named('shop')
    const port = await freePort()
    await using proxy = new ProxyProcess(
      `https://127.0.0.1:${port}`,
      `shop.localhost=:${shop.port}`,
      `/=:${shop.port}`,
    )
    await proxy.until('started')
    const ca = readFileSync(join(work, 'state', 'authority', 'ca.crt'), 'utf8')
    for (const name of ['shop.localhost', 'localhost'])
      assert.match((await askOnce(port, name, { ca })).body, /^shop/)
  })

  test('--save writes the same as YAML, serves it from there, and follows its changes', async () => {
    await using shop = await named('shop')
    const port = await freePort()
    const folder = join(work, 'saved')
    const args = [`https://127.0.0.1:${port}`, `shop.localhost=:${shop.port}`, '--save', folder]
    await using proxy = new ProxyProcess(...args)
    await proxy.until('started')
    const checked = await portcullis(['check', folder])
    assert.equal(checked.code, 0, checked.stdout + checked.stderr)
    assert.equal(statSync(join(folder, 'proxy-tls.yaml')).mode & 0o777, 0o600)
    const more = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'more' },
      spec: {
        parentRefs: [{ name: 'proxy' }],
        hostnames: ['more.localhost'],
        rules: [{ backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'shop.localhost' }] }],
      },
    }
    appendFileSync(join(folder, 'proxy.yaml'), `---\n${JSON.stringify(more)}\n`)
    await proxy.until('"version":2')
    const ca = readFileSync(join(work, 'state', 'authority', 'ca.crt'), 'utf8')
    assert.equal((await askOnce(port, 'more.localhost', { ca, servername: 'shop.localhost' })).body, 'shop /')
    const again = await portcullis(['proxy', ...args, ...data])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /^portcullis: proxy: .*proxy\.yaml is there already/)
  })

  for (const [args, code, expected] of [
    [[], 2, /needs LISTEN and a BACKEND/],
    [[':8080'], 2, /needs LISTEN and a BACKEND/],
    [['shop.localhost', ':9000'], 2, /cannot listen on "shop\.localhost"/],
    [[':8080', 'shop.localhost'], 2, /is no backend/],
    [[':8080', '/a=:1', '/a=:2'], 2, /\/a is given twice/],
  ] as const)
    test(`portcullis proxy ${args.join(' ')}: refused with ${code}`, async () => {
      const { code: got, stderr } = await portcullis(['proxy', ...args])
      assert.equal(got, code)
      assert.match(stderr, expected)
    })
})
