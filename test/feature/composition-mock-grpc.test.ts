// `portcullis composition mock` of gRPC: services by their contracts alone, by a client of @grpc/grpc-js.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { Http2Transport } from '../../src/cli/composition/proto/http2-transport.ts'
import { registryOfServer } from '../../src/composition/grpc/reflection.ts'
import { Folder } from '../support/process.ts'
import { Shop } from '../support/fixtures/shop/shop_pb.ts'
import { Seen } from '../support/until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const proto = readFileSync(join(root, 'test/support/fixtures/shop/shop.proto'), 'utf8')

interface Running {
  readonly child: ChildProcess
  readonly said: Seen<string>
  readonly url: string
}

async function mock(cwd: string, ...args: readonly string[]): Promise<Running> {
  const child = spawn(join(root, 'bin/portcullis'), ['composition', 'mock', ...args, '--port', '0'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  const said = new Seen<string>()
  createInterface(child.stdout).on('line', line => said.push(line))
  const line = await said.first(one => one.includes('h2c://'))
  return { child, said, url: /h2c:\S+/.exec(line)![0] }
}

async function end({ child }: Running): Promise<void> {
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
}

interface Ended<T> {
  readonly code: number
  readonly messages: readonly T[]
}

/** A call by grpc-js, with these messages as bytes: those of the answer, and the code that it ends with. */
async function rawCall(
  client: Client,
  path: string,
  requests: readonly Buffer[],
  prefer?: string,
): Promise<Ended<Buffer>> {
  const metadata = new Metadata()
  if (prefer !== undefined) metadata.set('prefer', prefer)
  const same = (bytes: Buffer) => bytes
  const stream = client.makeBidiStreamRequest(path, same, same, metadata)
  const { promise, resolve } = Promise.withResolvers<number>()
  stream.on('status', ({ code }) => resolve(code))
  // Its code is its status.
  stream.on('error', () => undefined)
  const messages: Buffer[] = []
  stream.on('data', (message: Buffer) => messages.push(message))
  for (const one of requests) stream.write(one)
  stream.end()
  return { code: await promise, messages }
}

/** A call of a method of the shop. */
async function call(
  client: Client,
  name: keyof typeof Shop.method,
  requests: readonly object[],
  prefer?: string,
): Promise<Ended<unknown>> {
  const { input, output, parent, name: method } = Shop.method[name]
  const bytes = requests.map(one => Buffer.from(toBinary<DescMessage>(input, create(input, one as never))))
  const { code, messages } = await rawCall(client, `/${parent.typeName}/${method}`, bytes, prefer)
  return { code, messages: messages.map(one => fromBinary<DescMessage>(output, one)) }
}

suite('a mock of gRPC', () => {
  const folder = new Folder({ 'contracts/v1/shop.proto': proto })
  let running: Running
  let client: Client

  before(async () => {
    running = await mock(folder.path)
    client = new Client(running.url.replace('h2c://', ''), credentials.createInsecure())
  })

  after(async () => {
    client.close()
    await end(running)
    folder[Symbol.dispose]()
  })

  test('is called by the name of its file, and serves each kind of method', async () => {
    assert.match(running.said.all[0]!, /^shop {2}h2c:\/\/127\.0\.0\.1:\d+ {2}contracts\/v1\/shop\.proto$/)
    for (const [name, requests, count] of [
      ['getBook', [{ name: 'x' }], 1],
      ['watchBooks', [{}], 3],
      ['addBooks', [{ title: 'a' }, { title: 'b' }], 1],
      ['haggle', [{ price: 1 }, { price: 2 }], 2],
    ] as const) {
      const { code, messages } = await call(client, name, requests)
      assert.deepEqual([name, code, messages.length], [name, 0, count])
      assert.deepEqual((await call(client, name, requests)).messages, messages)
    }
    const { messages } = await call(client, 'getBook', [{ name: 'x' }])
    assert.partialDeepStrictEqual(messages[0], { title: 'text' })
    await running.said.first(line => line === 'shop  OK  shop.v1.Shop/GetBook')
  })

  test('fails as is wished, and by the contract', async () => {
    assert.equal((await call(client, 'getBook', [{}], 'code=not_found')).code, 5)
    assert.equal((await call(client, 'getBook', [{}], 'wait=1, code=14')).code, 14)
    assert.equal((await call(client, 'getBook', [{}], 'code=nonsense')).code, 0)
    assert.equal((await call(client, 'getBook', [])).code, 3)
    assert.equal((await rawCall(client, '/shop.v1.Shop/Nothing', [])).code, 12)
    assert.equal((await rawCall(client, '/shop.v1.Shop/GetBook', [Buffer.of(0xff)])).code, 3)
  })

  test('says what it is, so that a mock can be made of it, and types', async () => {
    const url = new URL(running.url.replace('h2c:', 'grpc:'))
    using transport = new Http2Transport(url)
    const deadlineMs = performance.now() + 5_000
    const settings = { backend: 'shop', url, signal: AbortSignal.timeout(5_000), deadlineMs }
    const registry = await registryOfServer(transport, settings)
    assert.deepEqual(
      registry.getService('shop.v1.Shop')?.methods.map(({ name }) => name),
      Shop.methods.map(({ name }) => name),
    )
    const second = await mock(folder.path, url.href)
    const other = new Client(second.url.replace('h2c://', ''), credentials.createInsecure())
    try {
      assert.deepEqual(await call(other, 'getBook', [{}]), await call(client, 'getBook', [{}]))
    } finally {
      other.close()
      await end(second)
    }
  })
})
