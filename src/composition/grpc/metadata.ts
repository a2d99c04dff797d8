import { ownedFields } from '../../http/owned-fields.ts'

/** What goes with a call beside its messages: text, and bytes where the name ends in `-bin`. */
export type MetadataInit = Readonly<Record<string, MetadataValue | readonly MetadataValue[]>>
type MetadataValue = string | Uint8Array

const RESERVED: ReadonlySet<string> = new Set(['content-type', 'te', 'host', 'user-agent'])

/**
 * As fields of a request (doc/PROTOCOL-HTTP2.md: Custom-Metadata). Throws a TypeError where a name or a value cannot be
 * metadata: what speaks of the call itself (`grpc-…`) is the client's to say.
 */
export function metadataFields(metadata: MetadataInit): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [given, values] of Object.entries(metadata)) {
    const name = given.toLowerCase()
    if (
      !/^[\da-z_.-]+$/.test(name) ||
      name.startsWith('grpc-') ||
      RESERVED.has(name) ||
      ownedFields.has(name)
    )
      throw new TypeError(`${JSON.stringify(given)} is no name of metadata`)
    fields[name] = listOf(values)
      .map(value => fieldOf(name, value))
      .join(',')
  }
  return fields
}

const listOf = (values: MetadataInit[string]): readonly MetadataValue[] =>
  typeof values === 'string' || values instanceof Uint8Array ? [values] : values

function fieldOf(name: string, value: MetadataValue): string {
  if (name.endsWith('-bin')) {
    if (typeof value === 'string') throw new TypeError(`the metadata "${name}" is bytes (Uint8Array)`)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64').replace(/=+$/, '')
  }
  if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value))
    throw new TypeError(`the metadata "${name}" is printable ASCII; bytes go by a name that ends in -bin`)
  return value
}

/** What a backend said beside its messages. */
export class Metadata {
  /** By their names in lower case; several of a name are joined by a comma. */
  readonly fields: Readonly<Record<string, string>>

  constructor(fields: Readonly<Record<string, string>>) {
    this.fields = fields
  }

  get(name: string): string | undefined {
    return this.fields[name.toLowerCase()]
  }

  /** Of a name that ends in `-bin`, in their order; none where it is not there. */
  bytes(name: string): readonly Uint8Array[] {
    const value = this.get(name)
    return value === undefined ? [] : value.split(',').map(one => Buffer.from(one.trim(), 'base64'))
  }
}
