import { parentPort } from 'node:worker_threads'
import { manifestOf } from '../../../composition/manifest/manifest.ts'
import type { Extracted } from './extracted.ts'
import { BundleFault, loadBundle } from './load.ts'
import { followImports } from './text.ts'

/** The body of the thread of `extract`: no function of a route is run. */
export async function tellManifest(file: string): Promise<void> {
  parentPort!.postMessage(await manifestIn(file))
}

async function manifestIn(file: string): Promise<Extracted> {
  const { files, text } = followImports()
  const followed = (): readonly string[] => [...new Set([file, ...files])]
  try {
    const { gateway } = await loadBundle(file, files)
    return { manifest: manifestOf(gateway), fault: null, files: followed(), text }
  } catch (error) {
    const fault =
      error instanceof BundleFault
        ? error.message
        : `${file}: ${error instanceof Error ? error.message : String(error)}`
    const mayPass = error instanceof BundleFault && error.mayPass
    return { manifest: null, fault, files: followed(), mayPass }
  }
}
