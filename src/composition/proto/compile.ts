import type { FileRegistry } from '@bufbuild/protobuf'
import { ProtoFault, type Place } from './fault.ts'
import { common, wellKnown } from './google.ts'
import { link, type LinkedFile } from './link.ts'
import { parseProto } from './parse.ts'

/** The text of a file by the name by which it is imported, or null where there is none. */
export type ReadProto = (name: string) => string | null

/**
 * The descriptors of .proto files and of all that they import, as protoc makes them: proto2, proto3 and editions, with
 * custom options (google.api.http). Of google/protobuf, google/api and google/rpc the common files are known.
 * Throws a ProtoFault with file, line and column where one of them is wrong.
 */
export function compileProtos(names: readonly string[], read: ReadProto): FileRegistry {
  const files = new Map<string, LinkedFile | 'begun'>()
  const ordered: LinkedFile[] = []
  const add = (name: string, by: Place | null) => {
    const known = files.get(name)
    if (known === 'begun') throw new ProtoFault(by!, `${name} imports itself, by others or at once`)
    if (known !== undefined) return
    files.set(name, 'begun')
    const file = fileOf(name, read, by)
    if ('imports' in file) for (const one of file.imports) add(one.name, one.place)
    else for (const one of file.dependency) add(one, null)
    files.set(name, file)
    ordered.push(file)
  }
  for (const name of names) add(name, null)
  return link(ordered)
}

function fileOf(name: string, read: ReadProto, by: Place | null): LinkedFile {
  const text = read(name)
  if (text !== null) return parseProto(text, name)
  const known = wellKnown.get(name)
  if (known !== undefined) return known
  const usual = common[name]
  if (usual !== undefined) return parseProto(usual, name)
  if (by === null) throw new Error(`${name} cannot be found`)
  throw new ProtoFault(by, `${name} cannot be found`)
}
