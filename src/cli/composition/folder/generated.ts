import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeWhole } from '../../command/write.ts'
import { contractOf } from '../contract.ts'
import { allContracts, readContracts, textAt, type AllContracts, type Contract } from './contracts.ts'

/** What is made of the contracts: it is not kept by git, and made again by each command of the folder. */
export const GENERATED = '.portcullis'

/**
 * The types of a folder's contracts, and where the compiler finds those of `portcullis/composition`. What has not
 * changed is not written again. Null where a contract has a fault, which has been told.
 */
export async function generateAll(folder: string): Promise<readonly Contract[] | null> {
  const all = allContracts(folder)
  const contracts = await readContracts(all.documents)
  if (contracts === null || !(await generateServices(all, folder))) return null
  mkdirSync(join(folder, GENERATED), { recursive: true })
  for (const { name, file, document } of contracts)
    write(join(folder, GENERATED, `${name}.d.ts`), contractOf(document, relative(folder, file)))
  write(join(folder, GENERATED, 'tsconfig.json'), compilerConfig(folder))
  return contracts
}

async function generateServices({ protos, include, sets }: AllContracts, folder: string): Promise<boolean> {
  const sources = [...(protos.length === 0 ? [] : [protos]), ...sets.map(set => [set])]
  if (sources.length === 0) return true
  const { generateModules } = await import('../proto/generate.ts')
  const into = join(folder, GENERATED)
  for (const names of sources) if ((await generateModules(names, into, [include])) !== 0) return false
  return true
}

function write(file: string, text: string): void {
  if (textAt(file) !== text) writeWhole(file, text, 0o666)
}

const isSource = import.meta.url.endsWith('.ts')
const root = fileURLToPath(new URL(isSource ? '../../../../' : '../../', import.meta.url))

/** Sources, which a clone has in place of declarations, are written for it: without it some do not compile. */
const ofSources = isSource ? { exactOptionalPropertyTypes: true } : {}

/**
 * The running program's types, so that an editor shows them where nothing is installed, and those that it will run with.
 * A program that is installed has no types of other packages beside it: without the folder's, its own would be `any`,
 * and every result would fit.
 */
function compilerConfig(folder: string): string {
  const installed = (name: string): string | null =>
    packageBeside(name) ?? packageBeside(name, join(process.cwd(), folder, 'package.json'))
  const types = isSource ? 'src/composition/' : 'dist/composition/types/composition/'
  const end = isSource ? '.ts' : '.d.ts'
  const paths: Record<string, readonly string[]> = {
    'portcullis/composition': [join(root, types, `composition${end}`)],
    'portcullis/composition/testing': [join(root, types, `testing${end}`)],
  }
  const typebox = installed('typebox')
  if (typebox !== null) {
    paths['typebox'] = [join(typebox, 'build/index.d.mts')]
    paths['typebox/*'] = [join(typebox, 'build/*/index.d.mts')]
  }
  const protobuf = installed('@bufbuild/protobuf')
  if (protobuf !== null) {
    paths['@bufbuild/protobuf'] = [join(protobuf, 'dist/esm/index.d.ts')]
    paths['@bufbuild/protobuf/*'] = [join(protobuf, 'dist/esm/*/index.d.ts')]
  }
  const node = packageBeside('@types/node')
  const typeRoots = [
    join('..', 'node_modules/@types'),
    ...(node === null || existsSync(join(folder, 'node_modules/@types/node')) ? [] : [dirname(node)]),
  ]
  const about = 'By portcullis composition gen. Changes of it are lost with the next.'
  return `// ${about}\n${JSON.stringify({ compilerOptions: { paths, typeRoots, ...ofSources } }, null, 2)}\n`
}

/** The folder of a package that the program finds; null where it is not installed with it. */
export function packageBeside(name: string, from = join(root, 'package.json')): string | null {
  const folders = createRequire(from).resolve.paths(name) ?? []
  const found = folders.map(folder => join(folder, name)).find(path => existsSync(join(path, 'package.json')))
  return found ?? null
}
