import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { BundleLimits } from '../../../model/kinds/bundle.ts'
import { formatBytes } from '../../../model/quantity.ts'
import { BEAT_MS } from '../threads/beat.ts'
import { heapCeilingMb, heapOf } from '../threads/heap.ts'
import { FAR_LIMITS } from '../threads/watchdog.ts'
import { bundleEntry, LOAD_MS, type BundleTask } from '../thread/settings.ts'
import type { Extracted } from './extracted.ts'
import { seenFromHere, type ModuleCode } from './load.ts'

/** What bundles print while they are loaded, line by line. */
export type Printed = (text: string) => void

/**
 * Loads a bundle in a thread of its own, that ends with it, and tells what it is. Never rejects: a module that throws,
 * waits, or takes too much memory is a fault.
 */
export async function extract(
  code: ModuleCode,
  limits: Pick<BundleLimits, 'heapBytes'>,
  printed: Printed,
): Promise<Extracted> {
  const { file } = code
  if (!existsSync(file))
    return { manifest: null, fault: seenFromHere(`${file}: does not exist`), files: [file] }
  const workerData: BundleTask = { task: 'manifest', code }
  const worker = new Worker(bundleEntry, {
    workerData,
    name: 'portcullis-bundle',
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: heapCeilingMb(limits) },
  })
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', data => printed(String(data)))
  const { promise, resolve } = Promise.withResolvers<Extracted>()
  const failed = (why: string): void =>
    resolve({ manifest: null, fault: `${file}: ${why}`, files: [file], mayPass: true })
  const watch = setInterval(() => {
    void heapOf(worker).then(bytes => {
      if (bytes > FAR_LIMITS * limits.heapBytes)
        failed(`needs more than ${formatBytes(limits.heapBytes)} of heap to be loaded (spec.limits.heap)`)
    })
  }, BEAT_MS)
  const late = setTimeout(() => failed(`is not loaded after ${LOAD_MS / 1000} s`), LOAD_MS)
  worker.once('message', (extracted: Extracted) => resolve(extracted))
  worker.once('error', error => failed(`ends its thread: ${messageOf(error)}`))
  worker.once('exit', status => failed(`ends its thread with code ${status} before it is loaded`))
  const extracted = await promise
  clearTimeout(late)
  clearInterval(watch)
  await worker.terminate()
  return extracted.fault === null ? extracted : { ...extracted, fault: seenFromHere(extracted.fault) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
