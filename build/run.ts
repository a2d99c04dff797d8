// `npm run build [-- DIR]`: what is installed, into dist/ of this folder or of DIR.
// `npm run build:web`: the console alone, which a clone needs as well. `--composition`: what developers import.
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle, packagesOf } from './bundle.ts'
import { buildComposition } from './composition.ts'
import { buildConsole } from './console.ts'
import { notices } from './notices.ts'

const { values, positionals } = parseArgs({
  options: { web: { type: 'boolean' }, composition: { type: 'boolean' } },
  allowPositionals: true,
})
const root = join(import.meta.dirname, '..')
const dist = join(resolve(positionals[0] ?? root), 'dist')

if (values.web === true) await buildConsole(root, dist)
else if (values.composition === true) await buildComposition(root, dist)
else {
  rmSync(dist, { recursive: true, force: true })
  const packages = [
    await bundle(root, dist),
    packagesOf(await buildComposition(root, dist)),
    await buildConsole(root, dist),
  ]
  writeFileSync(join(dist, 'THIRD-PARTY.txt'), notices(packages.reduce((all, some) => all.union(some))))
}
