import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { Member } from './member.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts'
import { Received } from './received.ts'
import { SnapshotBytes } from './snapshot-bytes.ts'

/** Stands for the thread: what it was told, in order, and what it has of that. */
class Thread extends EventEmitter {
  readonly told: ToWorker[] = []
  readonly received = new Received()

  postMessage(message: ToWorker): void {
    this.told.push(message)
  }

  says(message: FromWorker): void {
    this.emit('message', message)
  }

  get types(): string[] {
    return this.told.map(({ type }) => type)
  }

  /** Takes the n-th message, as a worker does. */
  take(n: number): Snapshot {
    const message = this.told[n]!
    if (message.type === 'snapshot') return this.received.whole(message.bytes)
    if (message.type === 'patch') return this.received.patched(message.bytes)
    throw new Error(message.type)
  }
}

const version = (n: number, address = 'a'): SnapshotBytes =>
  new SnapshotBytes({
    version: n,
    ports: [],
    clusters: [],
    endpoints: { c: [{ address, port: n, weight: 1 }] },
  })

function begin(): { thread: Thread; member: Member } {
  const thread = new Thread()
  return { thread, member: new Member({} as WorkerSettings, thread as unknown as Worker) }
}

test('a worker is told everything first, and then what differs', async () => {
  const { thread, member } = begin()
  const first = member.apply(version(1))
  const second = member.apply(version(2))
  assert.deepEqual(thread.types, ['snapshot', 'patch'])
  assert.deepEqual(thread.take(0), version(1).snapshot)
  assert.deepEqual(thread.take(1), version(2).snapshot)
  const ports = [{ key: '*:80', port: 80 }]
  thread.says({ type: 'applied', version: 1, ports })
  assert.equal(await first, ports)
  thread.says({ type: 'applied', version: 2, ports: [] })
  assert.deepEqual(await second, [])
})

test('a patch is for the endpoints that the worker has been told of meanwhile', () => {
  const { thread, member } = begin()
  const one = version(1)
  void member.apply(one)
  thread.take(0)
  const endpoints = { c: [{ address: 'b', port: 7, weight: 1 }] }
  member.setEndpoints(endpoints, { ...one.snapshot, endpoints })
  thread.received.setEndpoints(endpoints)
  void member.apply(version(2))
  assert.deepEqual(thread.types, ['snapshot', 'endpoints', 'patch'])
  assert.deepEqual(thread.take(2), version(2).snapshot)
})

test('a worker that has lost its base is told everything, once, and answers all that waits', async () => {
  const { thread, member } = begin()
  void member.apply(version(1))
  const second = member.apply(version(2))
  const third = member.apply(version(3))
  // The first never came to be: both patches are for something that the worker does not have.
  assert.throws(() => thread.take(1), /comes before any snapshot/)
  thread.says({ type: 'lost', version: 2 })
  assert.throws(() => thread.take(2), /comes before any snapshot/)
  thread.says({ type: 'lost', version: 3 })
  assert.deepEqual(thread.types, ['snapshot', 'patch', 'patch', 'snapshot'])
  assert.deepEqual(thread.take(3), version(3).snapshot)
  const ports = [{ key: '*:80', port: 80 }]
  thread.says({ type: 'applied', version: 3, ports })
  assert.deepEqual([await second, await third], [ports, ports])
})

test('a worker that ends answers with nothing', async () => {
  const { thread, member } = begin()
  const first = member.apply(version(1))
  thread.emit('exit', 1)
  assert.deepEqual(await first, [])
})

test('a patch for another version leaves nothing that the next one could be for', () => {
  const received = new Received()
  const [one, two, three] = [version(1), version(2), version(3)]
  const bytes = (message: ReturnType<SnapshotBytes['from']>) => message.bytes
  received.whole(bytes(one.from(null)))
  assert.throws(() => received.patched(bytes(three.from(two.snapshot))), /version 2 meets version 1/)
  assert.throws(() => received.patched(bytes(two.from(one.snapshot))), /before any snapshot/)
  assert.deepEqual(received.whole(bytes(three.from(null))), three.snapshot)
})
