import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import type { LiveHeap } from '../support/live-heap.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const CHANGES = 100
/** What is made once, such as a module that is loaded, is in one of them; what stays of each change is in all. */
const ROUNDS = 4
/** A rule is some 3 KB in each thread, with all that is made of it. */
const MOST_BYTES = 1000

const preload = new URL('../support/live-heap.ts', import.meta.url).href

/** A route and a backend that are others with each change: nothing of theirs is named as anything was before. */
const changing = (n: number, port: number): string =>
  yamlOf(
    httpRoute(`r${n}`, {
      rules: [
        {
          matches: [prefix(`/c${n}`)],
          filters: [
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { set: [{ name: `X-${n}`, value: String(n) }] },
            },
          ],
          backendRefs: [to(`b${n}`)],
        },
      ],
    }),
    backend(`b${n}`, [port]),
  )

// Four hundred changes, one after another: forty seconds on two cores that have nothing else to do.
const options = { timeout: 600_000 }

test('what is alive in any thread does not grow with the changes that there were', options, async t => {
  await using up = await TestUpstream.start((_, response) => response.end('ok'))
  const port = await freePort()
  using folder = new Folder()
  folder.write('gateway.yaml', yamlOf(gateway([{ name: 'http', port }]), backend('up', [up.port])))
  folder.write('changing.yaml', changing(0, up.port))
  const env = { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${preload}` }
  const flags = ['--workers', '1', '--access-log', 'off', '--log-level', 'info']
  await using run = await RunProcess.startWith(env, [folder.path], ...flags)
  await run.started()

  let done = 0
  let counts = 0
  async function change(): Promise<void> {
    folder.write('changing.yaml', changing(++done, up.port))
    while ((await send(port, { path: `/c${done}` })).status !== 200);
  }
  async function census(): Promise<readonly [LiveHeap, LiveHeap]> {
    run.child.kill('SIGWINCH')
    const count = ++counts
    const heapOf = (isWanted: (thread: number) => boolean): Promise<unknown> =>
      run.event('live.heap', line => line['count'] === count && isWanted(Number(line['thread'])))
    const heaps = [await heapOf(thread => thread === 0), await heapOf(thread => thread > 0)]
    return heaps as [LiveHeap, LiveHeap]
  }
  /** Once what the last changes and requests have left is gone. */
  async function live(): Promise<readonly [LiveHeap, LiveHeap]> {
    for (let last = await census(); ;) {
      const now = await census()
      if (now.every(({ objects }, i) => objects >= last[i]!.objects)) return now
      last = now
    }
  }

  const heaps: (readonly [LiveHeap, LiveHeap])[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    while (done < round * CHANGES) await change()
    heaps.push(await live())
  }
  for (const [i, name] of ['main thread', 'worker'].entries()) {
    const least = (of: 'objects' | 'bytes') =>
      Math.min(...heaps.slice(1).map((heap, round) => heap[i]![of] - heaps[round]![i]![of]))
    const [objects, bytes] = [least('objects'), least('bytes')]
    t.diagnostic(`${name}: ${objects} objects and ${bytes} bytes more`)
    assert.ok(objects < CHANGES / 2, `${name}: ${objects} objects more after each ${CHANGES} changes`)
    assert.ok(bytes < CHANGES * MOST_BYTES, `${name}: ${bytes} bytes more after each ${CHANGES} changes`)
  }
})
