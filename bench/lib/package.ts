import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Builds what users install, compiled and without sources, into `dir`; returns its program. */
export function buildPackage(dir: string): string {
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(dir, 'dist')], {
    stdio: 'inherit',
  })
  mkdirSync(join(dir, 'bin'))
  copyFileSync(join(root, 'bin/portcullis'), join(dir, 'bin/portcullis'))
  copyFileSync(join(root, 'package.json'), join(dir, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  return join(dir, 'bin/portcullis')
}
