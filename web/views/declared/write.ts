import type { ObjectChange, ObjectChanges } from '../../../src/api/shapes/declared-object.ts'
import type { ObjectRef } from '../../../src/api/shapes/declared.ts'
import { objectPath } from '../../api/queries.ts'
import { ApiError, ask, askJson } from '../../api/request.ts'
import { declaredTexts as t } from '../../texts/declared.ts'
import { readYaml, type Fault } from './yaml-places.ts'

/** What a text was refused for, line by line. */
export class Faults extends Error {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(faults.map(({ message }) => message).join('; '))
    this.faults = faults
  }
}

type Body = Readonly<Record<string, unknown>>

/** Judges it as the gateway would, and changes nothing. Throws Faults. */
export async function check(text: string): Promise<null> {
  await judged(text, body =>
    askJson<ObjectChanges>('/v1/objects?dryRun=true', json('POST', { objects: [body] })),
  )
  return null
}

/** An object of the store as somebody has read it. */
export interface Known {
  readonly object: ObjectRef
  readonly etag: string
}

export interface Saved {
  readonly change: ObjectChange
  readonly known: Known
}

/** What was read must be as it was; another must not be there yet. Throws Faults. */
export function save(text: string, known: Known | null): Promise<Saved> {
  return judged(text, async (body, named) => {
    const isKnown = known !== null && isSame(known.object, named)
    const object = isKnown ? known.object : named
    const precondition = isKnown ? { 'if-match': known.etag } : { 'if-none-match': '*' }
    const response = await ask(objectPath(object), json('PUT', body, precondition))
    const change = (await response.json()) as ObjectChange
    return { change, known: { object, etag: response.headers.get('etag') ?? '' } }
  })
}

/** What is in no namespace does not say one. */
function isSame(one: ObjectRef, { group, kind, namespace, name }: ObjectRef): boolean {
  const isThere = one.namespace === '' || one.namespace === namespace
  return isThere && one.group === group && one.kind === kind && one.name === name
}

function json(method: string, body: object, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

/** Reads the text, has it judged, and puts what is wrong at its lines. */
async function judged<T>(text: string, put: (body: Body, ref: ObjectRef) => Promise<T>): Promise<T> {
  const { object, faults, lineOf } = readYaml(text)
  if (object === null) throw new Faults(faults.length > 0 ? faults : [{ line: 1, message: t.noObject }])
  const ref = refOf(object)
  if (ref === null) throw new Faults([{ line: 1, message: t.needs }])
  try {
    return await put(object, ref)
  } catch (error) {
    if (!(error instanceof ApiError) || error.problems.length === 0) throw error
    throw new Faults(
      error.problems.map(({ path, message }) => ({
        line: lineOf(path),
        message: path === '' ? message : `${path}: ${message}`,
      })),
    )
  }
}

function refOf({ apiVersion, kind, metadata }: Body): ObjectRef | null {
  const { name, namespace = 'default' } = (metadata ?? {}) as Body
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return null
  if (typeof name !== 'string' || typeof namespace !== 'string') return null
  const group = apiVersion.includes('/') ? apiVersion.replace(/\/[^/]*$/, '') : ''
  return { group, kind, namespace, name }
}
