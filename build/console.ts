import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'

/**
 * The console (web/), into `dist/web`: names of assets have their hash, and each file that gets smaller by it lies
 * beside its `.br` and `.gz`, so that nothing is compressed while the gateway runs. Gives the folders of the packages
 * that are in it.
 */
export async function buildConsole(root: string, dist: string): Promise<ReadonlySet<string>> {
  const folder = join(dist, 'web')
  const built = await build({
    root: join(root, 'web'),
    configFile: join(root, 'web/vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: folder },
  })
  for (const file of filesIn(folder)) compress(file)
  return packagesOf(built as Rolldown.RolldownOutput)
}

const compressible = /\.(html|js|css|svg)$/

function compress(file: string): void {
  const bytes = readFileSync(file)
  if (!compressible.test(file)) return
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
  const forms = [
    ['.br', brotliCompressSync(bytes, { params: quality })],
    ['.gz', gzipSync(bytes, { level: 9 })],
  ] as const
  for (const [end, form] of forms) if (form.length < bytes.length) writeFileSync(file + end, form)
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(file => statSync(file).isFile())
}

function packagesOf({ output }: Rolldown.RolldownOutput): ReadonlySet<string> {
  const ids = output.flatMap(file => (file.type === 'chunk' ? file.moduleIds : []))
  return new Set(
    ids.flatMap(id => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replace('\0', ''))?.[0] ?? []),
  )
}
