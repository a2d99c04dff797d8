import { parentPort } from 'node:worker_threads'
import { manifestOf } from '../../../composition/manifest/manifest.ts'
import type { Extracted } from './extracted.ts'
import { BundleFault, loadBundle, type ModuleCode } from './load.ts'
import { followImports } from './text.ts'
import { transcodingOf } from '../../../composition/manifest/transcoding.ts'
import { watchBegun } from './begun.ts'

/** The body of the thread of `extract`: no function of a route is run. */
export async function tellManifest(code: ModuleCode): Promise<void> {
  parentPort!.postMessage(await manifestIn(code))
}

async function manifestIn(code: ModuleCode): Promise<Extracted> {
  const { file } = code
  const { files, text } = followImports()
  const followed = (): readonly string[] => [...new Set([file, ...files])]
  try {
    const begun = watchBegun()
    const { gateway } = await loadBundle(code, files)
    const isIdle = await begun.isIdle()
    const manifest = manifestOf(gateway)
    const transcoding = isIdle ? transcodingOf(gateway) : null
    return { manifest, fault: null, files: followed(), text, ...(transcoding !== null && { transcoding }) }
  } catch (error) {
    const fault =
      error instanceof BundleFault
        ? error.message
        : `${file}: ${error instanceof Error ? error.message : String(error)}`
    const mayPass = error instanceof BundleFault && error.mayPass
    const places = error instanceof BundleFault ? error.places : []
    return { manifest: null, fault, ...(places.length > 0 && { places }), files: followed(), mayPass }
  }
}
