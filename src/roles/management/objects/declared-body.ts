import type { Kinds } from '../../../model/kinds.ts'
import type { FieldPath, Problem } from '../../../model/resource.ts'
import { validate, type Validation } from '../../../model/validate.ts'
import { fieldOf } from '../../../model/words.ts'
import { REDACTED } from '../../../telemetry/redact.ts'
import type { StoredObject } from '../store/tables.ts'

/** Of an object as Kubernetes writes it. */
export type Body = Readonly<Record<string, unknown>>

/** Kinds that are code, or name it: they come in bundles, never through an API. */
const CODE: ReadonlySet<string> = new Set(['Composition', 'Filter'])
const FILES = 'file.portcullis.dev/'

/** Judges an object of the store as one of a file is judged; places in it are paths, for it is written nowhere. */
export function validateBody(body: Body, kinds: Kinds): Validation {
  return validate({ value: body, at: () => null, violations: faultsOfStore(body) }, kinds)
}

/** As it is read: with the age and the generation that the store knows. */
export function bodyOf(row: Pick<StoredObject, 'body' | 'created' | 'generation'>): Body {
  const body = JSON.parse(row.body) as Body
  return {
    ...body,
    metadata: {
      ...(body['metadata'] as object),
      creationTimestamp: new Date(row.created).toISOString(),
      generation: row.generation,
    },
  }
}

/** As it is kept: without what others fill in, which would be taken for what was asked for. */
export function keptBody({ status: _, ...body }: Body): Body {
  const {
    creationTimestamp: _1,
    generation: _2,
    uid: _3,
    resourceVersion: _4,
    managedFields: _5,
    selfLink: _6,
    ...metadata
  } = body['metadata'] as Body
  return { ...body, metadata }
}

interface Fault {
  readonly path: FieldPath
  readonly message: string
}

/** What an object of a file may have, and one of the store may not. */
function faultsOfStore(body: Body): readonly Fault[] {
  const faults: Fault[] = []
  const kind = fieldOf(body, 'kind')
  if (typeof kind === 'string' && CODE.has(kind))
    faults.push({ path: ['kind'], message: `${kind} names code, which comes from files alone` })
  const annotations = fieldOf(fieldOf(body, 'metadata'), 'annotations')
  for (const name of Object.keys(isRecord(annotations) ? annotations : {}))
    if (name.startsWith(FILES))
      faults.push({
        path: ['metadata', 'annotations', name],
        message: 'names a file, and the store has none beside it: expected a value in data',
      })
  for (const path of veiledIn(body, []))
    faults.push({
      path,
      message: `is ${REDACTED}, which stands where a secret is not shown: expected the value itself`,
    })
  return faults
}

function veiledIn(value: unknown, path: FieldPath): readonly FieldPath[] {
  if (typeof value === 'string') return value.includes(REDACTED) ? [path] : []
  if (Array.isArray(value)) return value.flatMap((item, i) => veiledIn(item, [...path, i]))
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, item]) => veiledIn(item, [...path, key]))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function errorsIn({ problems }: Validation): readonly Problem[] {
  return problems.filter(({ severity }) => severity === 'error')
}
