import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Folder } from './process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A folder of somebody who writes a composition: `portcullis/composition` and `typebox` are to be had, as if installed. */
export class CompositionFolder extends Folder {
  constructor(files: Readonly<Record<string, string>>) {
    super({
      'package.json': JSON.stringify({ type: 'module' }),
      'tsconfig.json': JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: {
          typeRoots: [join(root, 'node_modules/@types')],
          noUnusedLocals: false,
          noUnusedParameters: false,
        },
        include: ['*.ts'],
      }),
      ...files,
    })
    const installed = join(this.path, 'node_modules/portcullis')
    mkdirSync(installed, { recursive: true })
    const entries = { './composition': './composition.ts', './composition/testing': './testing.ts' }
    writeFileSync(
      join(installed, 'package.json'),
      JSON.stringify({ name: 'portcullis', type: 'module', exports: entries }),
    )
    for (const file of ['composition.ts', 'testing.ts'])
      symlinkSync(join(root, 'src/composition', file), join(installed, file))
    symlinkSync(join(root, 'node_modules/typebox'), join(this.path, 'node_modules/typebox'))
  }

  /** What tsc says of it, a line for each error and indented ones below. */
  compile(): string {
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--pretty', 'false', '-p', '.'], {
      cwd: this.path,
      encoding: 'utf8',
    })
    return stdout
  }

  /** Node on a file of it. */
  run(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: this.path,
      encoding: 'utf8',
      env,
    })
    return { status, output: stdout + stderr }
  }
}
