import assert from 'node:assert/strict'
import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { send } from '../support/client.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const added = (value: string): object => ({
  type: 'ResponseHeaderModifier',
  responseHeaderModifier: { set: [{ name: 'x-version', value }] },
})

/** Two routes and what is behind them, in one file of many lines. */
const text = (
  port: number,
  upstream: number,
  version: string,
  paths: readonly string[] = ['/', '/b'],
): string =>
  yamlOf(
    gateway([{ name: 'http', port }]),
    ...paths.map((path, i) =>
      httpRoute(`r${i}`, {
        rules: [{ matches: [prefix(path)], filters: [added(version)], backendRefs: [to('up')] }],
      }),
    ),
    backend('up', [upstream]),
  )

/** Longer than the quiet time after which files are read, so that what is there at a pause is read. */
const PAUSE_MS = 80
/** What has been quiet for a second is believed: on a machine that halts for that long, a round says nothing. */
const HALTED_MS = 700

/** Acts step by step, with pauses; false where the machine took so long that what it did may rightly have been believed. */
async function inSteps(steps: readonly (() => void)[]): Promise<boolean> {
  let longest = 0
  let before = performance.now()
  for (const step of steps) {
    step()
    await wait(PAUSE_MS)
    longest = Math.max(longest, performance.now() - before)
    before = performance.now()
  }
  return longest < HALTED_MS
}

/** Asks for both paths, again and again, until it is told to stop; what was no 200 is in `failed`. */
class Load {
  readonly failed: string[] = []
  asked = 0
  private stopped = false
  private readonly done: Promise<unknown>

  constructor(port: number) {
    this.done = Promise.all(['/', '/b'].map(path => this.ask(port, path)))
  }

  async stop(): Promise<readonly string[]> {
    this.stopped = true
    await this.done
    return this.failed
  }

  private async ask(port: number, path: string): Promise<void> {
    while (!this.stopped) {
      const { status } = await send(port, { path }).catch((error: unknown) => ({ status: String(error) }))
      this.asked++
      if (status !== 200) this.failed.push(`${path}: ${status}`)
    }
  }
}

async function started(folder: Folder): Promise<RunProcess> {
  const run = await RunProcess.start([folder.path], '--workers', '1')
  await run.started()
  return run
}

const versionOf = async (port: number): Promise<string> =>
  (await send(port)).headers['x-version']?.toString() ?? ''

test('no request fails while a file is written in place, piece by piece', async () => {
  await using upstream = await TestUpstream.start((_, response) => void response.end('hello'))
  const port = await freePort()
  using folder = new Folder({ 'all.yaml': text(port, upstream.port, '0') })
  await using _run = await started(folder)
  const file = join(folder.path, 'all.yaml')
  let judged = 0
  for (let round = 1; judged < 2; round++) {
    const lines = text(port, upstream.port, String(round)).split(/(?<=\n)/)
    const size = Math.ceil(lines.length / 12)
    const pieces = Array.from({ length: 12 }, (__, i) => lines.slice(i * size, (i + 1) * size).join(''))
    const load = new Load(port)
    const fd = openSync(file, 'w')
    const steady = await inSteps(['', ...pieces].map(piece => () => void writeSync(fd, piece)))
    closeSync(fd)
    while ((await versionOf(port)) !== String(round)) await wait(10)
    const failed = await load.stop()
    if (!steady) continue
    judged++
    assert.deepEqual(failed, [], `of ${load.asked}`)
  }
})

test('no request fails while a folder is away for a moment', async () => {
  await using upstream = await TestUpstream.start((_, response) => void response.end('hello'))
  const port = await freePort()
  using folder = new Folder({ 'all.yaml': text(port, upstream.port, '0') })
  await using run = await started(folder)
  const away = `${folder.path}-away`
  let judged = 0
  while (judged < 2) {
    const load = new Load(port)
    const steady = await inSteps([
      () => renameSync(folder.path, away),
      () => {},
      () => renameSync(away, folder.path),
    ])
    const failed = await load.stop()
    if (!steady) continue
    judged++
    assert.deepEqual(failed, [], `of ${load.asked}`)
  }
  // And is followed as before.
  folder.write('all.yaml', text(port, upstream.port, '1', ['/']))
  await run.event('snapshot.applied', ({ version }) => Number(version) > 1)
  while ((await versionOf(port)) !== '1') await wait(10)
})

test('what a file that was renamed into place takes away is gone', async () => {
  await using upstream = await TestUpstream.start((_, response) => void response.end('hello'))
  const port = await freePort()
  using folder = new Folder({ 'all.yaml': text(port, upstream.port, '0', ['/a', '/b']) })
  await using run = await started(folder)
  folder.write('all.yaml', text(port, upstream.port, '1', ['/a']))
  await run.event('snapshot.applied', ({ version }) => Number(version) === 2)
  assert.equal((await send(port, { path: '/a' })).status, 200)
  assert.equal((await send(port, { path: '/b' })).status, 404)
})
