import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { METHODS } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { RequestHead } from '../../../src/http/head.ts'
import { CHUNKED } from '../../../src/http/head.ts'
import { startGateway, type TestGateway } from '../../support/gateway.ts'
import { requirePeer } from '../../support/peer.ts'
import { freePort } from '../../support/process.ts'
import { RawClient } from '../../support/raw.ts'
import { echo, simpleYaml, TestUpstream, type Echo } from '../../support/upstream.ts'
import { latin1, requestOutcome } from './replay.ts'
import { requestAccepts, requestRejects } from './vectors.ts'

// The vectors sent through a running gateway to servers written by others: what they read must be what we meant.

/** Longer bodies than this add nothing but time. */
const MOST_BYTES = 100_000

interface Meant {
  readonly bytes: string
  readonly head: RequestHead
  readonly body: string
}

/** Every vector that makes a whole request and is taken by default, with a body where it announces one. */
const meant: readonly Meant[] = requestAccepts.flatMap(({ bytes }) => {
  const outcome = requestOutcome([latin1(bytes)])
  if (typeof outcome !== 'object' || !('head' in outcome)) return []
  const { head } = outcome
  if (head.length > MOST_BYTES || head.path === '*' || head.method === 'TRACE') return []
  const body = head.length > 0 ? 'b'.repeat(head.length) : head.length === CHUNKED ? 'chunk' : ''
  const sent = head.length === CHUNKED ? '5\r\nchunk\r\n0\r\n\r\n' : body
  return [{ bytes: bytes + sent, head, body }]
})

/** The final response to these bytes, its body as text; "" for HEAD. */
async function answerTo(port: number, bytes: string, done: (text: string) => boolean): Promise<string> {
  await using client = await RawClient.to(port)
  client.write(bytes)
  return await client.until(done)
}

const isWhole = (text: string): boolean => text.endsWith('}') || /HTTP\/1\.1 [45]\d\d /.test(text)
const bodyOf = (text: string): string =>
  Buffer.from(text.slice(text.lastIndexOf('\r\n{') + 2), 'latin1').toString('utf8')

describe('node:http behind the gateway reads what was meant', () => {
  let upstream: TestUpstream
  let gateway: TestGateway
  const seen: string[] = []
  before(async () => {
    upstream = await TestUpstream.start((request, response) => {
      seen.push(request.url ?? '')
      echo(request, response)
    })
    gateway = await startGateway(simpleYaml(upstream.port))
  })
  after(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  // llhttp has a closed list of methods, as every Node.js has.
  for (const { bytes, head, body } of meant.filter(one => METHODS.includes(one.head.method)))
    test(JSON.stringify(bytes.slice(0, 100)), async () => {
      seen.length = 0
      if (head.method === 'HEAD') {
        await answerTo(gateway.port(), bytes, text => text.endsWith('\r\n\r\n'))
        return assert.deepEqual(seen, [head.path + head.query])
      }
      const text = await answerTo(gateway.port(), bytes, isWhole)
      assert.match(text, /HTTP\/1\.1 200 OK\r\n/)
      const got = JSON.parse(bodyOf(text)) as Echo
      assert.equal(got.method, head.method)
      assert.equal(got.url, head.path + head.query)
      assert.equal(got.body, body)
      const fields = new Set(got.headers.map(([name, value]) => `${name}: ${value}`))
      assert.ok(fields.has(`Host: ${head.authority || `127.0.0.1:${gateway.port()}`}`))
      for (let i = 0; i < head.fields.list.length; i += 2)
        if (!ours.test(head.fields.list[i]!))
          assert.ok(fields.has(`${head.fields.list[i]!}: ${head.fields.list[i + 1]!}`), head.fields.list[i])
      // One request in, one request out.
      assert.deepEqual(seen, [head.path + head.query])
    })

  test('nothing that is refused reaches it', async () => {
    seen.length = 0
    for (const { rule, bytes } of requestRejects) {
      // Their vectors are made for smaller limits than a gateway's.
      if (/-size$|-count$/.test(rule)) continue
      await using client = await RawClient.to(gateway.port())
      client.write(bytes)
      client.socket.end()
      await client.closed()
      assert.doesNotMatch(client.text, /^HTTP\/1\.1 2/, JSON.stringify(bytes.slice(0, 100)))
    }
    assert.deepEqual(seen, [])
  })
})

/** Fields that the gateway replaces, by the rules of src/http/forwarded.ts and src/telemetry/trace.ts. */
const ours = /^(x-forwarded-.*|forwarded|x-real-ip|x-request-id|via|traceparent|tracestate|max-forwards)$/i

describe('nginx behind the gateway reads what was meant', () => {
  test('method, target, host, length and a field, of every vector', async t => {
    const nginx = requirePeer(t, 'nginx')
    if (nginx === null) return
    await using server = await Nginx.start(nginx)
    await using gateway = await startGateway(simpleYaml(server.port))
    for (const { bytes, head } of meant) {
      // nginx takes methods of upper-case letters, "_" and "-", and HEAD shows nothing.
      if (head.method === 'HEAD' || !/^[A-Z_-]+$/.test(head.method)) continue
      const text = await answerTo(gateway.port(), bytes, isWhole)
      assert.match(text, /HTTP\/1\.1 200 OK\r\n/, JSON.stringify(bytes.slice(0, 100)))
      const got: unknown = JSON.parse(bodyOf(text))
      const target = head.path + head.query
      assert.deepEqual(got, {
        method: head.method,
        target,
        // HTTP/1.0 may leave it out: then it is the address that was connected to.
        host: head.authority || `127.0.0.1:${gateway.port()}`,
        length: head.length > 0 || head.hasLength ? String(head.length) : '',
        coding: head.length === CHUNKED ? 'chunked' : '',
      })
    }
  })
})

/** A real nginx that answers with what it read. */
class Nginx implements AsyncDisposable {
  readonly port: number
  private readonly folder: string
  private readonly process: ReturnType<typeof spawn>

  private constructor(port: number, folder: string, process: ReturnType<typeof spawn>) {
    this.port = port
    this.folder = folder
    this.process = process
  }

  static async start(program: string): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-nginx-'))
    const port = await freePort()
    await writeFile(join(folder, 'nginx.conf'), config(folder, port))
    const child = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' })
    const nginx = new Nginx(port, folder, child)
    while (!(await nginx.answers())) assert.equal(child.exitCode, null, 'nginx did not start')
    return nginx
  }

  private async answers(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1')
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    return connected
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGTERM')
    if (this.process.exitCode === null) await once(this.process, 'exit')
    await rm(this.folder, { recursive: true })
  }
}

function config(folder: string, port: number): string {
  const answer = [
    '"method":"$request_method"',
    '"target":"$request_uri"',
    '"host":"$http_host"',
    '"length":"$http_content_length"',
    '"coding":"$http_transfer_encoding"',
  ].join(',')
  return `
daemon off; master_process off; pid ${folder}/pid;
events {}
http {
  access_log off; merge_slashes off; underscores_in_headers on; client_max_body_size 0; large_client_header_buffers 8 64k;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; location / { return 200 '{${answer}}'; } }
}
`
}
