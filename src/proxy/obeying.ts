import type { MessagePort } from 'node:worker_threads'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { log } from '../telemetry/log.ts'
import type { Gauge } from '../telemetry/instrument.ts'
import type { MetricsWriter } from '../telemetry/metrics.ts'
import type { Engine, PortResult } from './engine.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { Received } from './received.ts'
import type { SnapshotMessage } from './snapshot-bytes.ts'

export interface Obeying {
  readonly engine: Engine
  readonly writer: MetricsWriter
  /** The version of what is in force. */
  readonly applied: Gauge
  /** After each snapshot that is in force. */
  readonly onApplied?: () => void
  /** A message that is not about what the engine serves. */
  readonly other: (message: Exclude<ToWorker, OfEngine>) => void
}

/** What an engine is told. */
type OfEngine = Extract<
  ToWorker,
  {
    readonly type:
      | 'snapshot'
      | 'patch'
      | 'endpoints'
      | 'verdicts'
      | 'health'
      | 'bundle-port'
      | 'bundle-lost'
      | 'ticket-keys'
  }
>

/** Has an engine do what the main thread says by this port. */
export function obey(port: MessagePort, { engine, writer, applied, onApplied, other }: Obeying): void {
  const tell = (message: FromWorker): void => port.postMessage(message)
  const received = new Received()

  function receive({ type, version, bytes }: SnapshotMessage): void {
    let snapshot: Snapshot
    try {
      snapshot = engine.own(() => (type === 'snapshot' ? received.whole(bytes) : received.patched(bytes)))
    } catch (error) {
      log.warn('patch.lost', { version, error })
      return tell({ type: 'lost', version })
    }
    void apply(snapshot)
  }

  /** Never rejects: what serves goes on, and the main thread hears that this snapshot is not in force. */
  async function apply(snapshot: Snapshot): Promise<void> {
    const { version } = snapshot
    let ports: readonly PortResult[]
    try {
      ports = await engine.apply(snapshot)
      applied.set(version)
      onApplied?.()
    } catch (error) {
      log.error('snapshot.failed', { version, error })
      ports = engine.unchanged(snapshot, error)
    }
    writer.flush()
    tell({ type: 'applied', version, ports })
  }

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'snapshot':
      case 'patch':
        return receive(message)
      case 'endpoints':
        received.setEndpoints(message.lists)
        for (const [cluster, list] of Object.entries(message.lists)) engine.setEndpoints(cluster, list)
        return
      case 'verdicts':
        return engine.setVerdicts(message.verdicts)
      case 'health':
        return tell({ type: 'health', number: message.number, clusters: engine.health(message.clusters) })
      case 'bundle-port':
        return engine.addThread(message.thread, message.port)
      case 'bundle-lost':
        return engine.loseThread(message.thread, message.failure, message.detail)
      case 'ticket-keys':
        return engine.setTicketKeys(message.keys)
      default:
        other(message)
    }
  })
}
