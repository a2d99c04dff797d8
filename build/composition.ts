import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { rolldown, type OutputChunk } from 'rolldown'

/**
 * What developers import (`portcullis/composition` and its `/testing`), into `dist/composition`: modules of ECMAScript,
 * as theirs are, that share their parts, so that there is one engine; and the declarations of it all. What is
 * theirs as well (schemas, messages of protobuf) stays outside; a copy of each is beside it, for bundles where nothing is
 * installed.
 */
export async function buildComposition(root: string, dist: string): Promise<readonly OutputChunk[]> {
  const folder = join(dist, 'composition')
  const source = (file: string) => join(root, 'src/composition', file)
  rmSync(folder, { recursive: true, force: true })
  const chunks = [
    ...(await modules(
      root,
      folder,
      {
        composition: source('composition.ts'),
        testing: source('testing.ts'),
        register: source('loading/register.ts'),
        'tell-manifest': source('loading/tell-manifest.ts'),
        // Its engine is the bundles' own.
        'bundle-worker': join(root, 'src/cli/bundle-worker.ts'),
      },
      shared.map(({ name }) => new RegExp(`^${name}(/|$)`)),
    )),
  ]
  for (const one of shared)
    chunks.push(...(await modules(root, join(folder, one.folder), entriesOf(root, one.name))))
  // That of dist says that .js is CommonJS.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  writeDeclarations(root, join(folder, 'types'), ['composition', 'testing'])
  return chunks
}

async function modules(root: string, dir: string, input: Record<string, string>, external: RegExp[] = []) {
  const bundled = await rolldown({
    // What is imported late is so for those who run the sources.
    checks: { bundlerTimings: false, ineffectiveDynamicImport: false },
    cwd: root,
    external,
    input,
    platform: 'node',
  })
  const { output } = await bundled.write({
    dir,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  })
  await bundled.close()
  return output.filter(file => file.type === 'chunk')
}

/** Packages that compositions and their engine have in common, as loading/own-copy.ts finds them. */
const shared = [
  { name: 'typebox', folder: 'typebox' },
  { name: '@bufbuild/protobuf', folder: 'protobuf' },
] as const

/** A package and what stands behind a slash in its exports, one level of it. */
function entriesOf(root: string, name: string): Record<string, string> {
  const folder = join(root, 'node_modules', name)
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, { readonly import: string }>
  }
  return Object.fromEntries(
    Object.entries(exports)
      .filter(([path]) => /^\.(?:\/\w+)?$/.test(path))
      .map(([path, { import: file }]) => [path === '.' ? 'index' : path.slice(2), join(folder, file)]),
  )
}

/** Those of these entries and of what their types are made of, in the folders of the sources, with their docstrings. */
function writeDeclarations(root: string, folder: string, entries: readonly string[]): void {
  const work = mkdtempSync(join(tmpdir(), 'portcullis-types-'))
  try {
    compile(root, work, entries)
    const needed = new Set(entries.map(entry => `composition/${entry}.d.ts`))
    for (const file of needed) {
      // An import of a .ts file is an error to compilers that are not told to allow it.
      const text = readFileSync(join(work, file), 'utf8').replaceAll(RELATIVE, (said, path: string) => {
        const imported = resolve(work, dirname(file), `${path}.d.ts`)
        // In the example of a docstring it is a file of theirs.
        if (!existsSync(imported)) return said
        needed.add(relative(work, imported))
        return said.replace('.ts', '.js')
      })
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
  } finally {
    rmSync(work, { recursive: true })
  }
}

const RELATIVE = /(?<=\bfrom |\bimport\()['"](\.[^'"]+)\.ts['"]/g

function compile(root: string, outDir: string, entries: readonly string[]): void {
  const config = join(outDir, 'tsconfig.json')
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir,
    rootDir: join(root, 'src'),
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const files = entries.map(entry => join(root, `src/composition/${entry}.ts`))
  writeFileSync(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files }),
  )
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], {
    stdio: 'inherit',
  })
}
