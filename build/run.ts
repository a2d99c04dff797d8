// `npm run build [-- DIR]`: what is installed, into dist/ of this folder or of DIR.
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from './bundle.ts'
import { notices } from './notices.ts'

const root = join(import.meta.dirname, '..')
const dist = join(resolve(process.argv[2] ?? root), 'dist')

rmSync(dist, { recursive: true, force: true })
const packages = await bundle(root, dist)
writeFileSync(join(dist, 'THIRD-PARTY.txt'), notices(packages))
