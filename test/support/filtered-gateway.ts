import assert from 'node:assert/strict'
import { filteredYaml, type Filtered } from './filtered-yaml.ts'
import { Folder, freePort, RunProcess } from './process.ts'
import { TestUpstream } from './upstream.ts'

/** What the backend has seen, as it tells it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Upstream = AsyncDisposable & { readonly port: number }

/** A gateway that runs, in front of a backend that tells what it has seen, or another one. */
export class FilteredGateway implements AsyncDisposable {
  readonly folder: Folder
  readonly port: number
  readonly run: RunProcess
  private readonly backend: Upstream
  private readonly asked: { count: number }

  private constructor(
    folder: Folder,
    port: number,
    run: RunProcess,
    backend: Upstream,
    asked: { count: number },
  ) {
    this.asked = asked
    this.folder = folder
    this.port = port
    this.run = run
    this.backend = backend
  }

  static async start(
    said: Omit<Filtered, 'port' | 'backend'>,
    files: Readonly<Record<string, string>>,
    other?: Upstream,
  ): Promise<FilteredGateway> {
    const asked = { count: 0 }
    const backend = other ?? (await telling(asked))
    const port = await freePort()
    const folder = new Folder({ 'gw.yaml': filteredYaml({ ...said, port, backend: backend.port }), ...files })
    const run = await RunProcess.start([folder.path], '--workers', '2')
    await run.started()
    // On a busy machine what begins is served before its filters are there, and refused.
    for (const name of Object.keys(said.specs))
      await run.event('composition.serving', line => line['composition'] === `filter/default/${name}`)
    return new FilteredGateway(folder, port, run, backend, asked)
  }

  /** How many requests the backend has had that tells of them. */
  get count(): number {
    return this.asked.count
  }

  send(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init)
  }

  async seen(path: string, init: RequestInit = {}): Promise<Seen> {
    const response = await this.send(path, init)
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return JSON.parse(text) as Seen
  }

  /** What is replaced serves again within seconds. */
  async untilServed(path: string): Promise<void> {
    for (;;) {
      const response = await this.send(path)
      await response.text()
      if (response.status === 200) return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  async refused(path: string, status: number, reason: string): Promise<void> {
    const response = await this.send(path)
    const text = await response.text()
    assert.equal(response.status, status, text)
    assert.equal((JSON.parse(text) as { reason: string }).reason, reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run[Symbol.asyncDispose]()
    await this.backend[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }
}

const telling = (asked: { count: number }): Promise<TestUpstream> =>
  TestUpstream.start((request, response) => {
    asked.count++
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { method, url, headers } = request
      const seen = { method, url, headers, body: Buffer.concat(pieces).toString() }
      response.setHeader('content-type', 'application/json')
      response.setHeader('etag', '"1"')
      const { answer } = Object.fromEntries(new URL(url ?? '', 'http://a').searchParams)
      if (answer !== undefined) {
        response.writeHead(Number(answer)).end()
        return
      }
      if (url?.startsWith('/kept') === true) response.setHeader('cache-control', 'public, max-age=60')
      response.end(JSON.stringify(seen))
    })
  })
