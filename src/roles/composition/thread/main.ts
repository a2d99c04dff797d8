import { workerData } from 'node:worker_threads'
import type { RuleTypes } from '../../../proxy/compile.ts'
import type { BundleTask } from './settings.ts'

/** The body of a thread of a bundle: what it is not begun for is not loaded. */
export async function runBundle(types: RuleTypes): Promise<void> {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- what extract or BundleThread gave
  const task: BundleTask = workerData
  if (task.task === 'manifest') {
    const { tellManifest } = await import('../bundles/manifest-thread.ts')
    return tellManifest(task.code)
  }
  const { serveBundle } = await import('./serve.ts')
  return serveBundle(task, types)
}
