// `node tell-manifest.js FILE`: prints the manifest of a bundle as JSON. A process of its own, since the bundle is run for it.
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { leave } from '../../shared/leave.ts'
import { resolveOwnCopy } from './own-copy.ts'
import { placeIn } from './place.ts'

resolveOwnCopy()
const [, , file = ''] = process.argv
try {
  const { manifestOf } = await import('../manifest/manifest.ts')
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  const gateway = [module['gateway'], module['default']].find(one => typeof one === 'object' && one !== null)
  if (gateway === undefined)
    throw new TypeError('it exports no gateway, expected: export const gateway = defineGateway({ … })')
  const manifest = JSON.stringify(manifestOf(gateway as Parameters<typeof manifestOf>[0]))
  // What the bundle has begun must not keep it.
  process.stdout.write(manifest, () => leave(0))
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${placeIn(dirname(file), error) ?? file}: ${message}\n`, () => leave(1))
}
