import { ownedFields } from '../../../http/owned-fields.ts'

/** Names in lower case; several values of a name are joined by a comma. Values of names that end in `-bin` are base64. */
export type Metadata = Readonly<Record<string, string>>

/** Which fields pass: all that are metadata, or these alone. */
export type MetadataRule = 'all' | readonly string[]

/** What speaks of the request and answer themselves, in any of the protocols, or of the connection, and is no metadata. */
const ABOUT_THE_CALL =
  /^(?::|content-|accept|grpc-|connect-|sec-|x-portcullis-)|^(?:host|te|trailer|expect|range|if-.*|date|server|via|user-agent|vary)$/

const isMetadata = (name: string, value: string): boolean =>
  !ABOUT_THE_CALL.test(name) && !ownedFields.has(name) && !/[^\t\x20-\x7e\x80-\xff]/.test(value)

export function metadataOf(fields: Metadata, rule: MetadataRule): Record<string, string> {
  const passed: Record<string, string> = {}
  takeMetadata(passed, fields, rule === 'all' ? Object.keys(fields) : rule)
  return passed
}

/** Adds those of these names. */
export function takeMetadata(to: Record<string, string>, fields: Metadata, names: readonly string[]): void {
  for (const name of names) {
    const value = fields[name]
    if (value !== undefined && isMetadata(name, value)) to[name] = value
  }
}
