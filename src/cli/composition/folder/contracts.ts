import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure, UsageError } from '../../command/flag.ts'
import { readDocument } from '../../import/document.ts'
import { readSource } from '../../import/source.ts'
import { tell } from '../../import/tell.ts'
import { isSet } from '../proto/source.ts'
import { baseNameOf } from './names.ts'
import { OTHERS, withOtherFiles, type Bundled } from './other-files.ts'

type Json = Readonly<Record<string, unknown>>

/** Where a folder of a composition has the contracts of its backends, each by the backend's name. */
const FOLDER = 'contracts'

/** An OpenAPI document of a backend. */
export interface ContractFile {
  /** What its backend is called: `users` of `contracts/users.yaml`. */
  readonly name: string
  readonly file: string
}

export interface Contract extends ContractFile {
  /** Without faults. */
  readonly document: Readonly<Record<string, unknown>>
}

export interface AllContracts {
  /** OpenAPI, in the order of their names. */
  readonly documents: readonly ContractFile[]
  /** .proto files, as the program finds them, and the folder that their imports are below. */
  readonly protos: readonly string[]
  readonly include: string
  /** Descriptor sets. */
  readonly sets: readonly string[]
}

/** Everything that types and mocks are made of. Throws a UsageError where there is nothing. */
export function allContracts(folder: string): AllContracts {
  const include = join(folder, FOLDER)
  const protos = globSync('**/*.proto', { cwd: include }).sort()
  const sets = namesIn(folder).filter(isSet).sort()
  const documents = documentsOf(folder)
  if (documents.length + protos.length + sets.length === 0)
    throw new UsageError(
      `expected contracts of backends in ${include}: OpenAPI documents such as ${FOLDER}/users.yaml, .proto files or descriptor sets`,
    )
  const below = (name: string): string => join(include, name)
  return { documents, protos: protos.map(below), include, sets: sets.map(below) }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(join(folder, FOLDER))
  } catch {
    return []
  }
}

function documentsOf(folder: string): readonly ContractFile[] {
  const names = namesIn(folder).filter(name => /\.(?:ya?ml|json)$/.test(name))
  const files = names.sort().map(name => ({ name: baseNameOf(name), file: join(folder, FOLDER, name) }))
  const twice = files.find((one, i) => files[i - 1]?.name === one.name)
  if (twice !== undefined) throw new CommandFailure(`two contracts are called ${twice.name}: ${twice.file}`)
  return files
}

/** Reads one, with what it refers to in other files; what is wrong is told on standard error, with its line, and then it is null. */
export async function readContract(of: ContractFile): Promise<Contract | null> {
  const source = await readSource(of.file)
  const isFile = source.base !== '' && !/^https?:\/\//i.test(source.name)
  let bundled: Bundled = { document: {}, problems: [] }
  const { document, problems } = readDocument(source.text, source.name, declaration => {
    // Null is told of as no object.
    bundled = isFile
      ? withOtherFiles(declaration, source.name)
      : { document: declaration.value as Json, problems: [] }
    return bundled.document
  })
  // What is wrong with a reference to a file, or within one, is told once, at its place there.
  const known = new Set(bundled.problems.map(({ path }) => path.join()))
  const own = problems.filter(({ path }) => path[0] !== OTHERS && !known.has(path.join()))
  const all = [...own, ...bundled.problems]
  tell(all)
  if (document === null || all.some(({ severity }) => severity === 'error')) return null
  // Judged above: it is an object.
  return { ...of, file: source.name, document: bundled.document }
}

/** All of them, in their order; null where one has a fault. */
export async function readContracts(files: readonly ContractFile[]): Promise<readonly Contract[] | null> {
  const all: (Contract | null)[] = []
  for (const file of files) all.push(await readContract(file))
  return all.includes(null) ? null : (all as Contract[])
}

export function textAt(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
