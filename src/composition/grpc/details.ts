import {
  createRegistry,
  fromBinary,
  toBinary,
  create,
  toJson,
  fromJson,
  type JsonValue,
  type DescFile,
  type FileRegistry,
  type Registry,
} from '@bufbuild/protobuf'
import { anyPack, anyUnpack, type Any } from '@bufbuild/protobuf/wkt'
import { compileProtos } from '../proto/compile.ts'
import type { GrpcDetail } from './codes.ts'

/** A google.rpc.Status, as messages of it are. */
interface RpcStatus {
  readonly code: number
  readonly message: string
  readonly details: readonly Any[]
}

let known: FileRegistry | undefined

/** google.rpc.Status and the standard details of errors. */
export const rpcTypes = (): FileRegistry =>
  (known ??= compileProtos(['google/rpc/status.proto', 'google/rpc/error_details.proto'], () => null))

/** Of `grpc-status-details-bin`; what cannot be read is no detail. */
export function readDetails(bytes: Uint8Array, file: DescFile): readonly GrpcDetail[] {
  const types = rpcTypes()
  try {
    const status = fromBinary(types.getMessage('google.rpc.Status')!, bytes) as unknown as RpcStatus
    const registry = createRegistry(types, ...withImports(file))
    return status.details.map(detail => detailOf(detail, registry))
  } catch {
    return []
  }
}

function detailOf(any: Any, registry: Registry): GrpcDetail {
  const type = any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1)
  const schema = registry.getMessage(type)
  try {
    const message = schema === undefined ? undefined : anyUnpack(any, schema)
    const value = message === undefined ? null : toJson(schema!, message, { registry })
    return { type, value, bytes: any.value }
  } catch {
    return { type, value: null, bytes: any.value }
  }
}

/** The other way, for stubs: standard details, by their JSON. Throws where one is none. */
export function writeDetails(
  code: number,
  message: string,
  details: readonly { readonly type: string; readonly value: unknown }[],
): Uint8Array {
  const types = rpcTypes()
  const packed = details.map(({ type, value }) => {
    const schema = types.getMessage(type)
    if (schema === undefined) throw new TypeError(`${type} is no standard detail of an error`)
    return anyPack(schema, fromJson(schema, value as JsonValue))
  })
  const schema = types.getMessage('google.rpc.Status')!
  return toBinary(schema, create(schema, { code, message, details: packed } as never))
}

function withImports(file: DescFile, all = new Set<DescFile>()): ReadonlySet<DescFile> {
  if (all.has(file)) return all
  all.add(file)
  for (const one of file.dependencies) withImports(one, all)
  return all
}
