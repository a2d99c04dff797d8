import { readFile } from 'node:fs/promises'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  create,
  createFileRegistry,
  fromBinary,
  type DescFile,
  type DescService,
  type FileRegistry,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { compileProtos } from '../proto/compile.ts'
import { wellKnown } from '../proto/google.ts'

/**
 * What a server offers, of what `protoc --include_imports -o FILE` or `buf build -o FILE` made. Imports of
 * google/protobuf that it lacks are known. Throws an Error that names what else it lacks.
 */
export function registryOfSet(bytes: Uint8Array): FileRegistry {
  return registryOfFiles(fromBinary(FileDescriptorSetSchema, bytes).file)
}

/** The same of a file. */
export async function registryOfSetFile(path: string): Promise<FileRegistry> {
  return registryOfSet(await readFile(path))
}

/** The same of descriptors in whatever order. */
export function registryOfFiles(files: readonly FileDescriptorProto[]): FileRegistry {
  const given = new Map(files.map(file => [file.name, file]))
  const ordered = new Map<string, FileDescriptorProto>()
  const add = (name: string, by: string) => {
    if (ordered.has(name)) return
    const file = given.get(name) ?? wellKnown.get(name)
    if (file === undefined)
      throw new Error(`the descriptors lack ${name}, which ${by} imports (made with --include_imports?)`)
    // Before its imports, so that a cycle ends; a Map keeps the place, so it is put behind them again.
    ordered.set(name, file)
    for (const one of file.dependency) add(one, name)
    ordered.delete(name)
    ordered.set(name, file)
  }
  for (const name of given.keys()) add(name, '')
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...ordered.values()] }))
}

/** Of generated modules (`_pb.ts`): their services, or the descriptors of their files, with all that these import. */
export function registryOfModules(...of: readonly (DescService | DescFile)[]): FileRegistry {
  const files = new Map<string, DescFile>()
  const add = (file: DescFile) => {
    if (files.has(file.name)) return
    files.set(file.name, file)
    file.dependencies.forEach(add)
  }
  for (const one of of) add(one.kind === 'file' ? one : one.file)
  return registryOfFiles([...files.values()].map(file => file.proto))
}

/**
 * Of .proto files, by their names below the first of `folders` that has them, as imports name them.
 * Throws a ProtoFault with file, line and column where one of them is wrong.
 */
export function registryOfProtos(names: readonly string[], folders: readonly string[] = ['.']): FileRegistry {
  return compileProtos(names, name => {
    const found = folders.map(folder => join(folder, name)).find(path => existsSync(path))
    return found === undefined ? null : readFileSync(found, 'utf8')
  })
}
