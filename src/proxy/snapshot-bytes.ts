import { serialize } from 'node:v8'
import { diff } from '../snapshot/patch.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { SharedBytes, ToWorker } from './messages.ts'

export type SnapshotMessage = Extract<ToWorker, { readonly bytes: SharedBytes }>

/** What workers are sent of one snapshot: all of it, or what differs from one that they have; each is written once. */
export class SnapshotBytes {
  readonly snapshot: Snapshot
  private readonly written = new Map<Snapshot | null, SnapshotMessage>()

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot
  }

  /** `base`: what the worker was told last; null for one that is to have everything. */
  from(base: Snapshot | null): SnapshotMessage {
    let message = this.written.get(base)
    if (message === undefined) this.written.set(base, (message = this.write(base)))
    return message
  }

  private write(base: Snapshot | null): SnapshotMessage {
    const { snapshot } = this
    const { version } = snapshot
    return base === null
      ? { type: 'snapshot', version, bytes: shared(snapshot) }
      : { type: 'patch', version, bytes: shared(diff(base, snapshot)) }
  }
}

function shared(value: unknown): SharedBytes {
  const bytes = serialize(value)
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length))
  memory.set(bytes)
  return memory
}
