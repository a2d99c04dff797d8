import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown, type OutputChunk, type Plugin } from 'rolldown'
import { fastifyInPart } from './fastify.ts'
import { compiledSchemas, passes } from './schemas.ts'

/**
 * The program in few files, since Node takes half a millisecond and more for each: one for the main thread of `run`,
 * one for the workers, one for the threads that hash passwords, and what other commands need beside them, loaded when they are called. `schemas.js` says what is
 * wrong with a resource and is loaded when something is. Names have no hashes: V8's code of them is kept by name.
 * CommonJS, because to import a module of Node's own makes all its lazy parts be loaded (`node:fs` reads streams,
 * promises and readline), and starts a second loader in each thread. Not minified: stack traces go to logs.
 */
export async function bundle(root: string, dist: string): Promise<ReadonlySet<string>> {
  const source = (file: string) => join(root, 'src', file)
  const main = new StaticImports(source('cli/main.ts'))
  const gateway = new StaticImports(source('cli/run/run.ts'))
  const chunks = [
    ...(await build(
      root,
      dist,
      { 'cli/main': source('cli/main.ts') },
      {
        plugins: [compiledSchemas(source('model')), fastifyInPart, main.plugin, gateway.plugin],
        groups: [
          { name: 'cli/commands', test: id => main.has(id) && id !== source('cli/main.ts') },
          { name: 'cli/gateway', test: id => gateway.has(id) && !main.has(id) },
        ],
      },
    )),
    ...(await build(
      root,
      dist,
      { 'cli/passes': source('model/passes.ts') },
      {
        plugins: [passes(source('model/passes.ts'))],
        minify: true,
      },
    )),
    ...(await build(root, dist, { 'cli/schemas': source('model/schema-compiler.ts') })),
    // What it loads when it needs it has names of its own: files of the main thread are beside them.
    ...(await build(root, dist, { 'cli/worker': source('cli/worker.ts') }, { prefix: 'worker-' })),
    ...(await build(root, dist, { 'cli/hash-thread': source('filters/basic-auth/hash-thread.ts') })),
  ]
  const names = chunks.map(({ fileName }) => fileName)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`two builds write ${twice}`)
  // The package's own says that .js is ESM, as its sources are.
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n')
  return packagesOf(chunks)
}

interface Options {
  readonly minify?: true
  /** Of the names of chunks. */
  readonly prefix?: string
  readonly plugins?: Plugin[]
  readonly groups?: { readonly name: string; readonly test: (id: string) => boolean }[]
}

async function build(root: string, dist: string, input: Record<string, string>, options: Options = {}) {
  const { plugins = [], groups = [], minify = false, prefix = '' } = options
  const bundled = await rolldown({
    // What is imported late is so for those who run the sources.
    checks: { bundlerTimings: false, ineffectiveDynamicImport: false },
    cwd: root,
    input,
    platform: 'node',
    plugins,
  })
  const { output } = await bundled.write({
    dir: dist,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: chunk => (chunk.name.includes('/') ? '[name].js' : `cli/${prefix}[name].js`),
    codeSplitting: { groups },
    minify,
    sourcemap: !minify,
    sourcemapExcludeSources: true,
  })
  await bundled.close()
  return output.filter(file => file.type === 'chunk')
}

/** A module and all that it imports, but for what it imports when it needs it. */
class StaticImports {
  readonly plugin: Plugin
  private readonly ids = new Set<string>()

  constructor(entry: string) {
    const { ids } = this
    this.plugin = {
      name: 'static-imports',
      buildEnd() {
        const add = (id: string): void => {
          if (ids.has(id)) return
          ids.add(id)
          for (const next of this.getModuleInfo(id)?.importedIds ?? []) add(next)
        }
        add(entry)
      },
    }
  }

  has(id: string): boolean {
    return this.ids.has(id)
  }
}

/** The folders of the packages of which something is in these chunks. */
export function packagesOf(chunks: readonly OutputChunk[]): ReadonlySet<string> {
  const ids = chunks.flatMap(chunk => chunk.moduleIds)
  return new Set(ids.flatMap(id => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []))
}
