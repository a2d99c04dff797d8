import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MetricsReader } from './metrics-reader.ts'
import { MetricsWriter } from './metrics.ts'
import { ProcessSampler, RuntimeSampler } from './runtime-sampler.ts'
import { parseExposition } from './testing/exposition-parser.ts'

function setup(): { writer: MetricsWriter; samples: () => Map<string, number> } {
  const reader = new MetricsReader()
  reader.attach('main')
  const writer = new MetricsWriter(undefined, series => reader.announce('main', series))
  const samples = (): Map<string, number> => {
    writer.flush()
    return parseExposition(reader.render()).samples
  }
  return { writer, samples }
}

/** A busy loop is what is measured here; then a turn in which timers fire. */
async function block(): Promise<void> {
  const end = performance.now() + 100
  while (performance.now() < end);
  await new Promise(resolve => setTimeout(resolve, 1))
}

test('a blocked event loop is seen in its delay, and only until the next sample', async () => {
  const { writer, samples } = setup()
  const sampler = new RuntimeSampler(writer, '3')
  const max = (): number => samples().get('portcullis_event_loop_delay_seconds{worker="3",stat="max"}') ?? NaN
  assert.equal(max(), 0)
  // The monitor needs two of its ticks after a sample before it can tell a delay, hence more than one block.
  while (!(max() > 0.05)) {
    for (let i = 0; i < 3; i++) await block()
    sampler.sample()
  }
  assert.ok(samples().get('portcullis_event_loop_utilization_ratio{worker="3"}')! > 0)
  sampler.sample()
  assert.ok(max() < 0.05)
  sampler.stop()
  const used = samples().get('nodejs_heap_size_used_bytes{worker="3"}')!
  assert.ok(used > 1e6 && used <= samples().get('nodejs_heap_size_total_bytes{worker="3"}')!)
})

test('the process tells its numbers, and CPU time never falls', async () => {
  const { writer, samples } = setup()
  const sampler = new ProcessSampler(writer, '1.2.3')
  await sampler.sample()
  const before = samples()
  await sampler.sample()
  const after = samples()
  const cpu = 'process_cpu_seconds_total'
  assert.ok(before.get(cpu)! > 0)
  assert.ok(after.get(cpu)! >= before.get(cpu)! && after.get(cpu)! < 2 * before.get(cpu)! + 1)
  assert.ok(after.get('process_resident_memory_bytes')! > 1e7)
  assert.ok(after.get('process_start_time_seconds')! <= Date.now() / 1e3)
  assert.ok(after.get('process_open_fds')! > 2)
  assert.equal(after.get(`portcullis_build_info{version="1.2.3",node="${process.versions.node}"}`), 1)
})
