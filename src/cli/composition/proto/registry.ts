import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import type { FileRegistry } from '@bufbuild/protobuf'
import { CallFailure } from '../../../composition/calls/failure.ts'
import { registryOfProtos, registryOfSet } from '../../../composition/grpc/descriptors.ts'
import { registryOfServer } from '../../../composition/grpc/reflection.ts'
import { CommandFailure, UsageError } from '../../command/flag.ts'
import { Http2Transport } from './http2-transport.ts'
import { isServer } from './source.ts'

/** How long a server may take to say what it offers. */
const REFLECTION_MS = 10_000

/**
 * What .proto files (found below `include`), one descriptor set or one server offer. Throws a ProtoFault with the place
 * of what is wrong in a file, a CommandFailure where something cannot be read.
 */
export async function registryOf(
  names: readonly string[],
  include: readonly string[],
): Promise<FileRegistry> {
  if (names.every(name => name.endsWith('.proto'))) return protos(names, include)
  const [name = '', ...more] = names
  if (more.length > 0)
    throw new UsageError('composition: expected .proto files, or one descriptor set or server')
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
  throw new UsageError(`composition: ${name} is below none of ${folders.join(', ')} (-I)`)
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
