import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Folder } from './process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What is built of the package for who installs it, once for a process of tests. */
let built: Folder | null = null

function builtPackage(): string {
  if (built !== null) return built.path
  built = new Folder({ 'package.json': readFileSync(join(root, 'package.json'), 'utf8') })
  process.on('exit', () => built?.[Symbol.dispose]())
  const args = [join(root, 'build/run.ts'), '--composition', built.path]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the package cannot be built: ${stderr}`)
  return built.path
}

/** A folder of somebody who writes a composition and has installed the package, `typebox` and the types of Node. */
export class CompositionFolder extends Folder {
  constructor(files: Readonly<Record<string, string>>) {
    super({
      'package.json': JSON.stringify({ type: 'module' }),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'esnext',
          lib: ['esnext'],
          module: 'nodenext',
          types: ['node'],
          strict: true,
          noEmit: true,
          allowImportingTsExtensions: true,
          verbatimModuleSyntax: true,
          skipLibCheck: true,
        },
        include: ['*.ts'],
      }),
      ...files,
    })
    mkdirSync(join(this.path, 'node_modules/@types'), { recursive: true })
    // A copy: what it needs is looked for beside it, and not beside what a link leads to.
    cpSync(builtPackage(), join(this.path, 'node_modules/portcullis'), { recursive: true })
    for (const name of ['typebox', '@bufbuild', '@types/node', 'undici-types'])
      symlinkSync(join(root, 'node_modules', name), join(this.path, 'node_modules', name))
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
