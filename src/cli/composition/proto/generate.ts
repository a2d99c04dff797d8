import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { DescFile, FileRegistry } from '@bufbuild/protobuf'
import { CallFailure } from '../../../composition/calls/failure.ts'
import { registryOfProtos, registryOfSet } from '../../../composition/grpc/descriptors.ts'
import { registryOfServer } from '../../../composition/grpc/reflection.ts'
import { ProtoFault } from '../../../composition/proto/fault.ts'
import { CommandFailure, UsageError } from '../../command/flag.ts'
import { writeWhole } from '../../command/write.ts'
import { textAt } from '../folder/contracts.ts'
import { Http2Transport } from './http2-transport.ts'
import { moduleOf } from './module.ts'
import { moduleName } from './names.ts'
import { isServer } from './source.ts'

/** How long a server may take to say what it offers. */
const REFLECTION_MS = 10_000

/** Modules of all files but those of google/protobuf, below the folder `output`; "" prints the one that is asked for. */
export async function generateModules(
  names: readonly string[],
  output: string,
  include: readonly string[],
): Promise<number> {
  try {
    const registry = await registryOf(names, include)
    const files = [...registry.files].filter(file => !file.name.startsWith('google/protobuf/'))
    for (const file of files) checkNames(file)
    if (output === '') print(files)
    else for (const file of files) write(file, output)
    return 0
  } catch (error) {
    if (!(error instanceof ProtoFault)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

/** A server or a descriptor set may call a file whatever it likes: it must be none elsewhere, and no code. */
function checkNames({ name, proto }: DescFile): void {
  if (!/^[\w.@+-]+(?:\/[\w.@+-]+)*$/.test(name) || name.split('/').includes('..'))
    throw new CommandFailure(`${JSON.stringify(`${name}.proto`)} cannot be the name of a file`)
  if (!/^[\w.]*$/.test(proto.package))
    throw new CommandFailure(
      `${name}.proto: ${JSON.stringify(proto.package)} cannot be the name of a package`,
    )
}

function print(files: readonly DescFile[]): void {
  const [file, ...more] = files
  if (file === undefined || more.length > 0)
    throw new UsageError(
      `composition gen: ${files.length} modules are made (${files.map(moduleName).join(', ')}), expected -o FOLDER`,
    )
  process.stdout.write(moduleOf(file))
}

function write(file: DescFile, folder: string): void {
  const path = join(folder, moduleName(file))
  const text = moduleOf(file)
  // What has not changed is left alone: who watches the folder would take it for new code.
  if (textAt(path) === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeWhole(path, text, 0o666)
}

async function registryOf(names: readonly string[], include: readonly string[]): Promise<FileRegistry> {
  if (names.every(name => name.endsWith('.proto'))) return protos(names, include)
  const [name = '', ...more] = names
  if (more.length > 0)
    throw new UsageError('composition gen: expected .proto files, or one descriptor set or server')
  return isServer(name) ? await asked(name) : set(name)
}

function protos(names: readonly string[], include: readonly string[]): FileRegistry {
  const folders = include.length > 0 ? include : ['.', ...names.map(name => dirname(name))]
  for (const name of names) if (!existsSync(name)) throw new CommandFailure(`${name} does not exist`)
  return registryOfProtos(
    names.map(name => nameBelow(name, folders)),
    folders,
  )
}

/** As imports would name it. Descriptors are known by their names: two of one file would be two types. */
function nameBelow(name: string, folders: readonly string[]): string {
  for (const folder of folders) {
    const below = relative(folder, name)
    if (!below.startsWith('..') && !below.startsWith(sep)) return below.replaceAll(sep, '/')
  }
  throw new UsageError(`composition gen: ${name} is below none of ${folders.join(', ')} (-I)`)
}

function set(name: string): FileRegistry {
  if (!existsSync(name)) throw new CommandFailure(`${name} does not exist`)
  try {
    return registryOfSet(readFileSync(name))
  } catch (cause) {
    throw new CommandFailure(`${name} is no descriptor set: ${(cause as Error).message}`, { cause })
  }
}

async function asked(name: string): Promise<FileRegistry> {
  const url = new URL(name)
  using transport = new Http2Transport(url)
  try {
    return await registryOfServer(transport, {
      backend: url.host,
      url,
      signal: AbortSignal.timeout(REFLECTION_MS),
      deadlineMs: performance.now() + REFLECTION_MS,
    })
  } catch (cause) {
    if (!(cause instanceof CallFailure)) throw cause
    throw new CommandFailure(`${name} does not say what it offers: ${cause.message}`, { cause })
  }
}
