import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { EventLoopUtilization } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Counter, Gauge } from './instrument.ts'
import type { MetricsWriter } from './metrics.ts'

const PERIOD_MS = 10_000
// How often the delay is looked at: fifty wake-ups a second, too few to be seen in a profile.
const RESOLUTION_MS = 20
const DELAY_STATS = ['mean', 'p50', 'p99', 'max'] as const
type DelayStat = (typeof DELAY_STATS)[number]

/**
 * Event loop and heap of the thread that it is made in, written every ten
 * seconds, so that a number is never older than that and a scrape asks nobody.
 * The delay's statistics are of the last period alone: over a lifetime, an
 * outlier of yesterday would hide today.
 */
export class RuntimeSampler {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  private readonly delays: readonly (readonly [DelayStat, Gauge])[]
  private readonly utilization: Gauge
  private readonly heapTotal: Gauge
  private readonly heapUsed: Gauge
  private readonly external: Gauge
  private readonly timer: NodeJS.Timeout
  private before: EventLoopUtilization = performance.eventLoopUtilization()

  constructor(writer: MetricsWriter, worker: string, periodMs: number = PERIOD_MS) {
    this.delays = DELAY_STATS.map(
      stat => [stat, writer.gauge('portcullis_event_loop_delay_seconds', { worker, stat })] as const,
    )
    this.utilization = writer.gauge('portcullis_event_loop_utilization_ratio', { worker })
    this.heapTotal = writer.gauge('nodejs_heap_size_total_bytes', { worker })
    this.heapUsed = writer.gauge('nodejs_heap_size_used_bytes', { worker })
    this.external = writer.gauge('nodejs_external_memory_bytes', { worker })
    this.delay.enable()
    this.sample()
    this.timer = setInterval(() => this.sample(), periodMs).unref()
  }

  sample(): void {
    for (const [stat, gauge] of this.delays) gauge.set(this.delaySeconds(stat))
    this.delay.reset()
    const now = performance.eventLoopUtilization()
    this.utilization.set(performance.eventLoopUtilization(now, this.before).utilization)
    this.before = now
    const heap = getHeapStatistics()
    this.heapTotal.set(heap.total_heap_size)
    this.heapUsed.set(heap.used_heap_size)
    this.external.set(heap.external_memory)
  }

  stop(): void {
    clearInterval(this.timer)
    this.delay.disable()
  }

  private delaySeconds(stat: DelayStat): number {
    if (this.delay.count === 0) return 0
    const nanoseconds = this.delayNanoseconds(stat)
    // The interval itself is part of what the monitor records.
    return Math.max(nanoseconds / 1e9 - RESOLUTION_MS / 1e3, 0)
  }

  private delayNanoseconds(stat: DelayStat): number {
    switch (stat) {
      case 'mean':
        return this.delay.mean
      case 'p50':
        return this.delay.percentile(50)
      case 'p99':
        return this.delay.percentile(99)
      case 'max':
        return this.delay.max
    }
  }
}

/** The numbers of the whole process: made once, in the main thread, and sampled before a scrape is answered. */
export class ProcessSampler {
  private readonly cpu: Counter
  private readonly resident: Gauge
  private readonly descriptors: Gauge
  private cpuBefore = 0

  constructor(writer: MetricsWriter, version: string) {
    writer.gauge('portcullis_build_info', { version, node: process.versions.node }).set(1)
    writer.gauge('process_start_time_seconds', {}).set(performance.timeOrigin / 1e3)
    this.cpu = writer.counter('process_cpu_seconds_total', {})
    this.resident = writer.gauge('process_resident_memory_bytes', {})
    this.descriptors = writer.gauge('process_open_fds', {})
  }

  async sample(): Promise<void> {
    const { user, system } = process.cpuUsage()
    const cpu = (user + system) / 1e6
    this.cpu.add(cpu - this.cpuBefore)
    this.cpuBefore = cpu
    this.resident.set(process.memoryUsage.rss())
    this.descriptors.set(await openDescriptors())
  }
}

async function openDescriptors(): Promise<number> {
  try {
    // One of them is the folder that is being read.
    return (await readdir('/proc/self/fd')).length - 1
  } catch {
    // Only Linux has /proc: NaN is how the format says "unknown".
    return NaN
  }
}
