import { writeSync } from 'node:fs'
import { getHeapSpaceStatistics, queryObjects } from 'node:v8'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'

// To be imported before a program (`NODE_OPTIONS=--import`), in each of its threads: for each SIGWINCH, every thread says
// on standard error what is alive in it after a full collection.

export interface LiveHeap {
  readonly event: 'live.heap'
  readonly count: number
  readonly thread: number
  /** Objects of JavaScript; what V8 makes of code while it runs is none. */
  readonly objects: number
  /** Of the spaces without code, strings included. */
  readonly bytes: number
}

const channel = new BroadcastChannel('live-heap')
channel.onmessage = ({ data }: { data: number }) => tell(data)
channel.unref()

if (isMainThread) {
  let count = 0
  process.on('SIGWINCH', () => {
    channel.postMessage(++count)
    tell(count)
  })
}

function tell(count: number): void {
  // It collects first.
  const objects = queryObjects(Object, { format: 'count' })
  const bytes = getHeapSpaceStatistics()
    .filter(({ space_name: name }) => /^(new|old|large_object)_space$/.test(name))
    .reduce((sum, { space_used_size: used }) => sum + used, 0)
  const heap: LiveHeap = { event: 'live.heap', count, thread: threadId, objects, bytes }
  writeSync(2, `${JSON.stringify(heap)}\n`)
}
