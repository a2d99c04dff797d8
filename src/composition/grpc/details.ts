import {
  create,
  createRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescFile,
  type DescMessage,
  type FileRegistry,
  type JsonValue,
  type Message,
  type Registry,
} from '@bufbuild/protobuf'
import { anyPack, type Any } from '@bufbuild/protobuf/wkt'
import { compileProtos } from '../proto/compile.ts'
import type { GrpcDetail } from './codes.ts'

let known: FileRegistry | undefined

/** google.rpc.Status and the standard details of errors. */
export const rpcTypes = (): FileRegistry =>
  (known ??= compileProtos(['google/rpc/status.proto', 'google/rpc/error_details.proto'], () => null))

const statusSchema = (): DescMessage => rpcTypes().getMessage('google.rpc.Status')!

/** Details of `grpc-status-details-bin`, whose code and message count for nobody; those that cannot be read are none. */
export function detailsOf(bytes: Uint8Array | null): readonly Any[] {
  if (bytes === null) return []
  try {
    return (fromBinary(statusSchema(), bytes) as Message & { readonly details: Any[] }).details
  } catch {
    return []
  }
}

/** The bytes of a google.rpc.Status. */
export const statusBytes = (code: number, message: string, details: readonly Any[]): Uint8Array =>
  toBinary(
    statusSchema(),
    create(statusSchema(), { code, message, details: [...details] } as Record<string, unknown>),
  )

/** `google.rpc.ErrorInfo` of `type.googleapis.com/google.rpc.ErrorInfo`. */
export const typeNameOf = ({ typeUrl }: Any): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1)

/** What is in one; undefined where its type is not known, or it cannot be read. */
export function detailJson(any: Any, registry: Registry): JsonValue | undefined {
  const schema = registry.getMessage(typeNameOf(any))
  try {
    return schema && toJson(schema, fromBinary(schema, any.value), { registry })
  } catch {
    return undefined
  }
}

/** A standard detail, by its JSON. Throws a TypeError where there is none of this type. */
export function packedDetail(type: string, value: JsonValue): Any {
  const schema = rpcTypes().getMessage(type)
  if (schema === undefined) throw new TypeError(`${type} is no standard detail of an error`)
  return anyPack(schema, fromJson(schema, value))
}

/** As a composition has them: of the standard types and those of a service's own files. */
export function readDetails(bytes: Uint8Array, file: DescFile): readonly GrpcDetail[] {
  const details = detailsOf(bytes)
  if (details.length === 0) return []
  const registry = createRegistry(rpcTypes(), ...withImports(file))
  return details.map(any => ({
    type: typeNameOf(any),
    value: detailJson(any, registry) ?? null,
    bytes: any.value,
  }))
}

function withImports(file: DescFile, all = new Set<DescFile>()): ReadonlySet<DescFile> {
  if (all.has(file)) return all
  all.add(file)
  for (const one of file.dependencies) withImports(one, all)
  return all
}
