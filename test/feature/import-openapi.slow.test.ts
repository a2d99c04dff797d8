import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { portcullis } from '../support/command.ts'
import { exampleFile } from '../support/example.ts'
import { Folder } from '../support/process.ts'

// Where the document comes from and where the YAML goes; what becomes of it is in test/golden/import.

const document = exampleFile('plans/openapi.yaml')
const importing = (...args: readonly string[]) =>
  portcullis(['import', 'openapi', ...args, '--backend', ':9000'])

const gateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: http, protocol: HTTP, port: 8081 }
`

/** As many operations as make a document of some hundred KiB. */
function largeDocument(): string {
  const operation = (i: number) => ({
    get: {
      operationId: `get${i}`,
      description: 'What it does. '.repeat(20),
      responses: { 200: { description: 'ok' } },
    },
  })
  const paths = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`/things/${i}`, operation(i)]))
  return JSON.stringify({ openapi: '3.1.0', info: { title: 'Many things', version: '1' }, paths })
}

suite('where the YAML goes', () => {
  const folder = new Folder()
  after(() => folder[Symbol.dispose]())

  test('into a folder, and over nothing that is there unless that is wanted', async () => {
    const out = join(folder.path, 'out')
    assert.equal((await importing(document, '-o', out)).code, 0)
    assert.deepEqual(readdirSync(out), ['pets.yaml'])
    const file = join(out, 'pets.yaml')
    const made = readFileSync(file, 'utf8')
    writeFileSync(file, '# mine\n')
    const again = await importing(document, '-o', out)
    assert.deepEqual([again.code, readFileSync(file, 'utf8')], [1, '# mine\n'])
    assert.match(again.stderr, /pets\.yaml is there already; --force writes over it/)
    assert.equal((await importing(document, '-o', out, '--force')).code, 0)
    assert.equal(readFileSync(file, 'utf8'), made)
  })

  test('a second API is served by the Gateway that the folder has', async () => {
    const out = join(folder.path, 'two')
    assert.equal((await importing(document, '-o', out)).code, 0)
    const second = await importing(document, '-o', out, '--name', 'store', '--path', '/store')
    assert.match(second.stderr, /^clients find it at Gateway pets\/store, /m)
    const checked = await portcullis(['check', '--strict', out])
    assert.equal(checked.code, 0, checked.stdout)
    // The same command makes the same files.
    const made = readFileSync(join(out, 'pets.yaml'), 'utf8')
    assert.equal((await importing(document, '-o', out, '--force')).code, 0)
    assert.equal(readFileSync(join(out, 'pets.yaml'), 'utf8'), made)
    // Which of two is nothing to guess.
    writeFileSync(join(out, 'web.yaml'), gateway)
    const third = await importing(document, '-o', out, '--name', 'third')
    assert.equal(third.code, 1)
    assert.match(third.stderr, /has Gateways pets, web: --gateway says which/)
    assert.equal((await importing(document, '-o', out, '--name', 'third', '--gateway', 'web')).code, 0)
  })

  test('a large document is in a ConfigMap of its own, which check reads', async () => {
    const source = join(folder.path, 'large.json')
    writeFileSync(source, largeDocument())
    const out = join(folder.path, 'large')
    const { code, stderr } = await importing(source, '-o', out)
    assert.equal(code, 0, stderr)
    assert.match(stderr, /Many things, OpenAPI 3\.1\.0, 400 operations/)
    assert.deepEqual(readdirSync(out), ['many-things-openapi.yaml', 'many-things.yaml'])
    const checked = await portcullis(['check', '--strict', out])
    assert.equal(checked.code, 0, checked.stdout)
    assert.match(
      readFileSync(join(out, 'many-things.yaml'), 'utf8'),
      /configMapRef: \{ name: many-things-openapi \}/,
    )
  })

  test('nothing is written of a document with a fault', async () => {
    const source = join(folder.path, 'broken.yaml')
    writeFileSync(
      source,
      readFileSync(document, 'utf8').replace('operationId: getPet', 'operationId: listPets'),
    )
    const out = join(folder.path, 'broken')
    const { code, stderr } = await importing(source, '-o', out)
    assert.equal(code, 1)
    assert.match(
      stderr,
      /broken\.yaml:\d+:\d+ .*"listPets" is the name of two operations, the other is in line \d+/,
    )
    assert.ok(!existsSync(out))
  })

  test('under the Gateway, host and path that are named', async () => {
    const { stdout } = await importing(
      document,
      '--gateway',
      'web',
      '--host',
      'API.shop.example',
      '--path',
      '/pets',
      '--name',
      'store',
    )
    assert.doesNotMatch(stdout, /kind: Gateway$/m)
    assert.match(stdout, /parentRefs:\n {4}- \{ name: web \}\n {2}hostnames:\n {4}- api\.shop\.example$/m)
    assert.match(stdout, /value: \/pets \}\n {6}filters:[\s\S]*replacePrefixMatch: \/v1/)
    assert.match(stdout, /basePath: \/pets$/m)
    assert.match(stdout, /^metadata: \{ name: store-free \}$/m)
  })
})

suite('where the document comes from', () => {
  let url = ''
  const server = createServer((request, response) => {
    if (request.url === '/openapi.yaml') response.end(readFileSync(document))
    else if (request.url === '/docs') response.setHeader('Content-Type', 'text/html').end('<html>')
    else response.writeHead(404).end()
  })
  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  test('of a file, a URL and standard input it becomes the same', async () => {
    const ofFile = await importing(document)
    const ofUrl = await importing(`${url}/openapi.yaml`)
    const ofInput = await portcullis(
      ['import', 'openapi', '-', '--backend', ':9000'],
      readFileSync(document, 'utf8'),
    )
    assert.equal(ofFile.code, 0, ofFile.stderr)
    assert.deepEqual([ofUrl.stdout, ofInput.stdout], [ofFile.stdout, ofFile.stdout], ofUrl.stderr)
  })

  for (const [where, message] of [
    ['/docs', /is a page for people \(text\/html\), expected the OpenAPI document itself/],
    ['/none', /answers 404 Not Found/],
  ] as const)
    test(`${where} of a server is none`, async () => {
      const { code, stderr } = await importing(`${url}${where}`)
      assert.equal(code, 1)
      assert.match(stderr, message)
    })

  for (const [args, code, message] of [
    [['none.yaml', '--backend', ':9000'], 1, /none\.yaml does not exist, expected a file/],
    [['http://127.0.0.1:1/', '--backend', ':9000'], 1, /cannot be had: .*(ECONNREFUSED|bad port)/],
    [[document], 2, /needs --backend/],
    [[document, '--backend', 'shop'], 2, /--backend: "shop" is no backend/],
    [[document, '--backend', ':9000', '--path', 'pets'], 2, /--path: "pets" is no path prefix/],
    [[document, '--backend', ':9000', '--host', 'a_b'], 2, /--host: "a_b" is no host name/],
    [[document, '--backend', ':9000', '--name', 'A'], 2, /--name: "A" is no name/],
    [[], 2, /expected one FILE or URL/],
  ] as const)
    test(`import openapi ${args.slice(args[0] === document ? 1 : 0).join(' ')}: ${code}, and why`, async () => {
      const outcome = await portcullis(['import', 'openapi', ...args])
      assert.equal(outcome.code, code)
      assert.match(outcome.stderr, message)
    })
})
