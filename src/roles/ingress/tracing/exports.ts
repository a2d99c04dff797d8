import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import { SpanExporter } from '../../../telemetry/spans/exporter.ts'
import { WAIT_MS, type NamedBatch } from '../../../telemetry/spans/span-writer.ts'
import type { ServiceKit } from '../../../translation/service.ts'
import { Collector } from './collector.ts'
import type { WantedExport, WantedExports } from './wanted.ts'

/** What is still to be sent when nobody wants it any more gets this long. */
const LAST_MS = 5_000
/** Threads tell of what they have gathered so much later at most. */
const LINGER_MS = 2 * WAIT_MS

/** Of what waits for all collectors; each has its share, so that those that never answer hold no more, however many they are. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024

/** Of what is told before the policy is known here: so much waits for that. */
const MOST_EARLY_BYTES = 1024 * 1024

/** What is to be known of a snapshot. */
type Served = Pick<Snapshot, 'clusters' | 'endpoints' | 'certificates'>

interface Export {
  readonly name: string
  readonly wanted: WantedExport
  readonly collector: Collector
  readonly exporter: SpanExporter
}

/** An exporter, with connections of its own, for each collector of a policy: none of them waits for another's. */
export class Exports {
  private readonly kit: Pick<ServiceKit, 'log' | 'metrics' | 'process'>
  private readonly all = new Map<string, Export>()
  /** Of policies that have gone, until what their threads have gathered is sent. */
  private readonly leaving = new Map<Export, NodeJS.Timeout>()
  /** Of names that nobody has, until the next change says whether somebody does. */
  private early: NamedBatch[] = []
  private earlyBytes = 0

  constructor(kit: Pick<ServiceKit, 'log' | 'metrics' | 'process'>) {
    this.kit = kit
  }

  /** From now on spans go there, and those that nobody wants any more end. */
  apply(wanted: WantedExports, served: Served | null): void {
    for (const one of this.all.values()) if (!isDeepStrictEqual(wanted[one.name], one.wanted)) this.leave(one)
    if (served === null) return
    for (const [name, one] of Object.entries(wanted)) {
      const known = this.all.get(name) ?? this.begin(name, one)
      known.collector.apply(served)
    }
    const { early } = this
    this.early = []
    this.earlyBytes = 0
    for (const batch of early) if (!this.hand(batch)) this.drop(batch)
  }

  take(batch: NamedBatch): void {
    if (this.hand(batch)) return
    if (this.earlyBytes + batch.text.length > MOST_EARLY_BYTES) return this.drop(batch)
    this.early.push(batch)
    this.earlyBytes += batch.text.length
  }

  /** False where nobody has its name. */
  private hand({ to, ...batch }: NamedBatch): boolean {
    const one = this.all.get(to) ?? this.leaving.keys().find(({ name }) => name === to)
    if (one === undefined) return false
    if (this.hasRoom(one, batch.text.length)) one.exporter.take(batch)
    else this.drop(batch)
    return true
  }

  /** Where shares have become smaller, who has more than that waits until it is sent, and is given nothing. */
  private hasRoom({ exporter }: Export, bytes: number): boolean {
    const { all, leaving } = this
    const share = MOST_WAITING_BYTES / (all.size + leaving.size)
    if (exporter.waitingBytes + bytes > share) return false
    let waitingBytes = bytes
    for (const one of all.values()) waitingBytes += one.exporter.waitingBytes
    for (const one of leaving.keys()) waitingBytes += one.exporter.waitingBytes
    return waitingBytes <= MOST_WAITING_BYTES
  }

  private drop({ count }: Pick<NamedBatch, 'count'>): void {
    this.kit.metrics.counter('portcullis_spans_total', { result: 'dropped' }).add(count)
  }

  async close(): Promise<void> {
    const all = [...this.all.values(), ...this.leaving.keys()]
    this.all.clear()
    for (const timer of this.leaving.values()) clearTimeout(timer)
    this.leaving.clear()
    await Promise.all(all.map(one => end(one)))
  }

  private begin(name: string, wanted: WantedExport): Export {
    const { log, metrics, process } = this.kit
    const { resource, version } = process
    const { serviceName } = wanted
    const collector = new Collector(wanted, log, metrics)
    const exporter = new SpanExporter({
      collector: wanted.cluster,
      post: body => collector.post(body),
      resource: serviceName === '' ? resource : { ...resource, 'service.name': serviceName },
      version,
      log,
      metrics,
    })
    const one = { name, wanted, collector, exporter }
    this.all.set(name, one)
    return one
  }

  private leave(one: Export): void {
    this.all.delete(one.name)
    const timer = setTimeout(() => {
      this.leaving.delete(one)
      void end(one)
    }, LINGER_MS).unref()
    this.leaving.set(one, timer)
  }
}

async function end({ exporter, collector }: Export): Promise<void> {
  await exporter.close(LAST_MS)
  collector.close()
}
