import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { AccessLog } from './access-log.ts'
import { AccessRecord } from './access-record.ts'
import { DescriptorSink, FileSink } from './access-sink.ts'
import type { AccessSink } from './access-sink.ts'
import { jsonLines } from './testing/json-object.ts'

const folder = mkdtempSync(join(tmpdir(), 'access-log-'))
after(() => rmSync(folder, { recursive: true }))

/** A sink that takes a chunk when it is told to. */
class HeldSink implements AccessSink {
  readonly pieceBytes: number
  readonly chunks: string[] = []
  closed = false
  private pending: ((error: Error | null, written?: number) => void) | null = null

  constructor(pieceBytes = 1 << 20) {
    this.pieceBytes = pieceBytes
  }

  write(chunk: Buffer, done: (written: number, error: Error | null) => void): void {
    assert.equal(this.pending, null, 'one chunk at a time')
    this.chunks.push(chunk.toString('latin1'))
    this.pending = (error, written = chunk.length) => done(written, error)
  }

  get waiting(): boolean {
    return this.pending !== null
  }

  take(error: Error | null = null, written?: number): void {
    const { pending } = this
    this.pending = null
    pending?.(error, written)
  }

  takeAll(): void {
    while (this.pending !== null) this.take()
  }

  get text(): string {
    return this.chunks.join('')
  }

  reopen(): void {}

  close(): void {
    this.closed = true
  }
}

function recordOf(values: Partial<AccessRecord>): AccessRecord {
  return Object.assign(new AccessRecord(), values)
}

/** Waits for a condition, turn by turn. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 1))
}

test('lines wait for the tick, then go together', async () => {
  const sink = new HeldSink()
  const log = new AccessLog(sink, { flushMs: 1 })
  const record = recordOf({ path: '/1' })
  log.write(record)
  record.path = '/2'
  log.write(record)
  assert.equal(sink.chunks.length, 0)
  await until(() => sink.waiting)
  assert.deepEqual(
    jsonLines(sink.chunks[0]!).map(line => line['url.path']),
    ['/1', '/2'],
  )
  sink.takeAll()
  await log.close()
})

test('a slow sink drops and counts lines, and nothing grows', async () => {
  const sink = new HeldSink()
  let counted = 0
  const log = new AccessLog(sink, { bufferBytes: 524_288, onDropped: { add: n => void (counted += n) } })
  const record = recordOf({ path: `/${'x'.repeat(900)}` })
  const written = 5_000
  for (let i = 0; i < written; i++) log.write(record)
  assert.equal(sink.chunks.length, 1)
  assert.ok(log.dropped > 0)
  const closed = log.close()
  sink.takeAll()
  await closed
  assert.equal(jsonLines(sink.text).length + log.dropped, written)
  assert.ok(sink.text.length <= 524_288)
  assert.ok(sink.text.length > 500_000)
  assert.equal(counted, log.dropped)
})

test('once the sink takes again, so does the log', async () => {
  const sink = new HeldSink()
  const log = new AccessLog(sink, { bufferBytes: 524_288 })
  const record = recordOf({ path: `/${'x'.repeat(900)}` })
  for (let i = 0; i < 1_000; i++) log.write(record)
  const { dropped } = log
  assert.ok(dropped > 0)
  sink.takeAll()
  log.write(recordOf({ path: '/again' }))
  const closed = log.close()
  sink.takeAll()
  await closed
  assert.equal(log.dropped, dropped)
  assert.equal(jsonLines(sink.text).at(-1)?.['url.path'], '/again')
})

test('what a sink fails to write is counted, and the rest goes on', async () => {
  const sink = new HeldSink(400)
  const log = new AccessLog(sink)
  for (let i = 0; i < 4; i++) log.write(recordOf({ version: 11, path: `/${i}` }))
  const closed = log.close()
  const first = sink.chunks[0]!
  assert.equal(jsonLines(first).length, 1)
  sink.take(new Error('disk full (a test)'), 10)
  sink.takeAll()
  await closed
  assert.equal(log.dropped, 1)
  assert.deepEqual(
    jsonLines(sink.text.slice(first.length)).map(line => line['url.path']),
    ['/1', '/2', '/3'],
  )
})

test('pieces are whole lines that fit, and a longer line goes alone', async () => {
  const sink = new HeldSink(1_024)
  const log = new AccessLog(sink)
  const sizes = [0, 0, 0, 0, 900, 0, 800, 0]
  for (const size of sizes)
    log.write(recordOf({ path: 'p'.repeat(size), userAgent: 'u'.repeat(size && 380) }))
  const closed = log.close()
  sink.takeAll()
  await closed
  assert.equal(sink.chunks.flatMap(jsonLines).length, sizes.length)
  for (const chunk of sink.chunks) assert.ok(chunk.length <= 1_024 || jsonLines(chunk).length === 1)
  assert.ok(sink.chunks.length < sizes.length)
})

test('close does not wait for ever, and counts what was left', async () => {
  const sink = new HeldSink(400)
  const log = new AccessLog(sink, { closeMs: 1 })
  for (let i = 0; i < 5; i++) log.write(recordOf({ version: 11, path: `/${i}` }))
  const closed = log.close()
  sink.take()
  await closed
  assert.equal(log.dropped, 4)
  assert.equal(sink.closed, true)
  log.write(recordOf({}))
  await log.close()
  assert.equal(log.dropped, 4)
})

test('off is off', async () => {
  const log = new AccessLog(null)
  assert.equal(log.enabled, false)
  log.write(recordOf({}))
  log.reopen()
  await log.close()
  assert.equal(log.dropped, 0)
})

test('a file is appended to, and reopened after a rotation without losing a line', async () => {
  const path = join(folder, 'rotated.log')
  const log = new AccessLog(new FileSink(path), { flushMs: 1 })
  log.write(recordOf({ path: '/before' }))
  await until(() => readFileSync(path, 'utf8') !== '')
  renameSync(path, `${path}.1`)
  log.write(recordOf({ path: '/late' }))
  await until(() => jsonLines(readFileSync(`${path}.1`, 'utf8')).length === 2)
  log.reopen()
  log.write(recordOf({ path: '/after' }))
  await log.close()
  const paths = (file: string): unknown[] =>
    jsonLines(readFileSync(file, 'utf8')).map(line => line['url.path'])
  assert.deepEqual([paths(`${path}.1`), paths(path)], [['/before', '/late'], ['/after']])
})

test('a file that cannot be opened is an error at once, and when reopened keeps the old one', async () => {
  assert.throws(() => new FileSink(join(folder, 'missing', 'x.log')), { code: 'ENOENT' })
  const own = mkdtempSync(join(folder, 'own-'))
  const path = join(own, 'x.log')
  const log = new AccessLog(new FileSink(path))
  renameSync(own, `${own}-moved`)
  log.reopen()
  log.write(recordOf({ path: '/kept' }))
  await log.close()
  assert.equal(jsonLines(readFileSync(join(`${own}-moved`, 'x.log'), 'utf8')).length, 1)
})

test('a full disk costs lines, and leaves the next ones whole', async () => {
  const log = new AccessLog(new FileSink('/dev/full'), { flushMs: 1 })
  log.write(recordOf({}))
  await until(() => log.dropped === 1)
  await log.close()
})

test('lines of several threads in one file never mix', async () => {
  const path = join(folder, 'threads.log')
  const exits = [1, 2, 3].map(id => {
    const url = new URL('./testing/access-log-worker.ts', import.meta.url)
    return once(new Worker(url, { workerData: `${id} ${path} 3000` }), 'exit')
  })
  await Promise.all(exits)
  const lines = jsonLines(readFileSync(path, 'utf8'))
  for (const id of [1, 2, 3]) {
    const mine = lines.filter(line => line['http.route'] === `thread-${id}`)
    assert.deepEqual(
      mine.map(line => line['server.port']),
      Array.from({ length: 3_000 }, (_, i) => i),
    )
  }
})

test('standard output as a pipe: whole lines, and a reader that stops reading blocks nobody', async () => {
  const program = fileURLToPath(new URL('./testing/access-log-stdout.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stderr.setEncoding('utf8')
  // Nothing reads its output yet, and yet it drops lines, goes on and says so.
  const said: unknown[] = await once(child.stderr, 'data')
  const dropped = Number(/dropped (\d+)/.exec(String(said[0]))?.[1])
  assert.ok(dropped > 0)
  let text = ''
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  child.stdin.end('go on\n')
  assert.deepEqual(await once(child, 'close'), [0, null])
  assert.equal(jsonLines(text).length + dropped, 8_000)
})

test('standard output as a file is written at the offset that all its writers share', () => {
  const path = join(folder, 'stdout.log')
  const fd = openSync(path, 'w')
  const program = fileURLToPath(new URL('./testing/access-log-stdout.ts', import.meta.url))
  execFileSync(process.execPath, [program, 'banner'], { stdio: ['ignore', fd, 'ignore'] })
  closeSync(fd)
  const text = readFileSync(path, 'utf8')
  assert.match(text, /^before\n/)
  assert.match(text, /\nafter\n$/)
  assert.equal(jsonLines(text.slice('before\n'.length, -'after\n'.length)).length, 100)
})

test('a socket that does not block gets all, when its reader reads again', async t => {
  const server = createServer({ pauseOnConnect: true }).listen(join(folder, 'socket'))
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const ours = connect(join(folder, 'socket'))
  const [theirs] = await accepted
  t.after(() => {
    ours.destroy()
    theirs.destroy()
    server.close()
  })
  const { fd } = Reflect.get(ours, '_handle') as { fd: number }
  const sink = new DescriptorSink(fd)
  // More than any socket holds.
  const chunk = Buffer.alloc(16_000_000, 'x')
  const written = new Promise<[number, Error | null]>(resolve =>
    sink.write(chunk, (bytes, error) => resolve([bytes, error])),
  )
  let received = 0
  theirs.on('data', (piece: Buffer) => (received += piece.length))
  theirs.resume()
  assert.deepEqual(await written, [chunk.length, null])
  while (received < chunk.length) await once(theirs, 'data')
  sink.close()
})

test('a descriptor that was closed is an error at once', () => {
  assert.throws(() => new DescriptorSink(9_999), { code: 'EBADF' })
})
