import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Builds what users install, compiled and without sources, into `dir`; returns its program. */
export function buildPackage(dir: string): string {
  execFileSync(process.execPath, [join(root, 'build/run.ts'), dir], { stdio: 'inherit' })
  mkdirSync(join(dir, 'bin'))
  copyFileSync(join(root, 'bin/portcullis'), join(dir, 'bin/portcullis'))
  copyFileSync(join(root, 'package.json'), join(dir, 'package.json'))
  return join(dir, 'bin/portcullis')
}
