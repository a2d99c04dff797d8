import { GATEWAY_API, PORTCULLIS, type ResourceKind, type Unserved } from './kind.ts'
import type { Kinds } from './kinds.ts'
import { metadataSchema } from './metadata.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

/**
 * One JSON Schema (draft-07, which editors know best) of every object that a file may hold, told apart by apiVersion
 * and kind. Objects of other kinds pass: a folder may hold more than what is ours to read.
 */
export function jsonSchema({ all: kinds }: Kinds): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Resources that Portcullis reads',
    type: 'object',
    required: ['apiVersion', 'kind'],
    properties: {
      apiVersion: { ...apiVersion, anyOf: [{ enum: [...new Set(kinds.flatMap(apiVersions))] }, {}] },
      kind: { ...kindName, anyOf: [{ enum: kinds.map(({ kind }) => kind) }, {}] },
    },
    allOf: [
      ...[...new Set(kinds.map(({ group }) => group))]
        .filter(ownGroup)
        .map(group => kindsOfGroup(kinds, group)),
      ...kinds.map(kind => ({
        if: {
          required: ['apiVersion', 'kind'],
          // A pattern: while completing, yaml-language-server takes a const for any text that begins with it, and
          // would offer the fields of a BackendPolicy in a Backend.
          properties: { apiVersion: { enum: apiVersions(kind) }, kind: { pattern: `^${kind.kind}$` } },
        },
        // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
        then: { $ref: `#/definitions/${definition(kind)}` },
      })),
    ],
    definitions: Object.fromEntries(kinds.map(kind => [definition(kind), objectSchema(kind)])),
  }
}

const apiVersion = { type: 'string', description: 'The API group of the kind, and its version.' }
const kindName = { type: 'string', description: 'What the object is.' }

/** Groups of which `check` takes no other kind than those that are known. */
function ownGroup(group: string): boolean {
  return group === GATEWAY_API || group === PORTCULLIS
}

/** So that an editor marks a kind or a version that is misspelt, which would pass as somebody else's object. */
function kindsOfGroup(kinds: readonly ResourceKind[], group: string): JsonObject {
  const those = kinds.filter(kind => kind.group === group)
  return {
    if: {
      required: ['apiVersion', 'kind'],
      properties: { apiVersion: { pattern: `^${group.replaceAll('.', '\\.')}/` } },
    },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: {
      properties: {
        apiVersion: { enum: [...new Set(those.flatMap(apiVersions))] },
        kind: { enum: those.map(({ kind }) => kind) },
      },
    },
  }
}

function apiVersions({ group, versions }: ResourceKind): string[] {
  return versions.map(version => (group === '' ? version : `${group}/${version}`))
}

function definition({ group, kind }: ResourceKind): string {
  return group === '' ? kind : `${kind}.${group}`
}

function objectSchema(kind: ResourceKind): JsonObject {
  const body = (kind.unserved ?? []).reduce(withNote, portable(plain(kind.schema)))
  const properties = isObject(body['properties']) ? body['properties'] : {}
  const { required = [] } = body as { readonly required?: readonly string[] }
  return {
    ...body,
    title: kind.kind,
    properties: {
      apiVersion: { ...apiVersion, enum: apiVersions(kind) },
      kind: { ...kindName, const: kind.kind },
      metadata: { ...portable(plain(metadataSchema)), description: 'What tells the object from others.' },
      ...properties,
      status: {
        description: 'What a cluster has written, as `kubectl get -o yaml` shows it; not looked at.',
      },
    },
    required: ['apiVersion', 'kind', 'metadata', ...required],
  }
}

/** What `check` says of a field that this release does not act upon, behind its description. */
function withNote(schema: JsonObject, unserved: Unserved): JsonObject {
  const { path, note, values = [] } = unserved
  const [step, ...rest] = path
  const inside = (inner: JsonObject): JsonObject => withNote(inner, { ...unserved, path: rest })
  if (step === undefined) {
    const which = values.length === 0 ? 'Known, and' : `${values.join(', ')}:`
    return { ...schema, description: `${schema['description'] as string} ${which} ${note}.` }
  }
  if (step === '*') return below(schema, 'items', inside)
  return below(schema, 'properties', properties => below(properties, step, inside))
}

function below(schema: JsonObject, key: string, change: (inner: JsonObject) => JsonObject): JsonObject {
  const inner = schema[key]
  return isObject(inner) ? { ...schema, [key]: change(inner) } : schema
}

/** TypeBox keeps what is its own in symbols and undefined values, which JSON leaves out. */
function plain(schema: object): JsonObject {
  return JSON.parse(JSON.stringify(schema)) as JsonObject
}

/** Formats and keywords of our own, in those that editors know. */
function portable(schema: JsonObject): JsonObject {
  const { expected, uniqueBy: _, ...rest } = schema
  const { format, ...known } = rest
  const kept = typeof format === 'string' && STANDARD_FORMATS.has(format) ? rest : known
  const inner = Object.fromEntries(Object.entries(kept).map(([key, value]) => [key, portableValue(value)]))
  return typeof expected === 'string' ? { ...inner, patternErrorMessage: `expected ${expected}` } : inner
}

const STANDARD_FORMATS = new Set(['date-time', 'hostname', 'ipv4', 'ipv6', 'uri'])

function portableValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(item => portableValue(item as Json))
  return isObject(value) ? portable(value) : value
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
