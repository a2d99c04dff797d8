import { Type } from 'typebox'
import { Condition } from './condition.ts'
import { ObjectRef } from './declared.ts'
import { Finding } from './finding.ts'
import { listOf, listQuery } from './list.ts'
import { fields, orNull, text, Time, type Shape } from './shape.ts'

/** An object as Kubernetes writes it, judged by its kind's schema and rules. */
export const DeclaredObject = Type.Object(
  {
    apiVersion: Type.String({ maxLength: 317 }),
    kind: Type.String({ maxLength: 63 }),
    metadata: Type.Object(
      { name: Type.String({ maxLength: 253 }), namespace: Type.Optional(Type.String({ maxLength: 63 })) },
      { additionalProperties: true },
    ),
  },
  {
    additionalProperties: true,
    description: 'A declared object: apiVersion, kind, metadata, and what its kind has beside.',
  },
)

export const ObjectPath = fields({
  group: text(253, "core for Kubernetes' own."),
  kind: text(63),
  namespace: text(63, '- for what is in none.'),
  name: text(253),
})

export const StoredObject = fields(
  {
    object: ObjectRef,
    owner: orNull(Type.String(), 'Whose set it came with.'),
    generation: Type.Integer({ description: 'How often its spec was another one.' }),
    etag: Type.String({ description: 'For If-Match.' }),
    createdAt: Time,
    updatedAt: Time,
    body: Type.Unknown({ description: 'The object as it was given; of a Secret without what it holds.' }),
  },
  'A declared object of the store, for who may write it.',
)
export type StoredObject = Shape<typeof StoredObject>

export const StoredObjectQuery = listQuery({
  kind: Type.Optional(text(63)),
  namespace: Type.Optional(text(63)),
  owner: Type.Optional(text(63)),
})
export const StoredObjects = listOf(StoredObject, 'Declared objects of the store, the oldest first.')
export type StoredObjects = Shape<typeof StoredObjects>

const change = Type.Enum(['created', 'updated', 'deleted', 'unchanged'])

export const ObjectChange = fields(
  {
    object: ObjectRef,
    change,
    before: orNull(Type.String(), 'As YAML, without what is secret; null where there was none.'),
    after: orNull(Type.String(), 'As YAML, without what is secret; null where it is gone.'),
    problems: Type.Array(Finding, { description: 'What is said of it now; empty after a dry run.' }),
    conditions: Type.Array(Condition, { description: 'What has come of it; empty after a dry run.' }),
  },
  'What became of one object of the store.',
)
export type ObjectChange = Shape<typeof ObjectChange>

export const ObjectSet = fields(
  {
    objects: Type.Array(DeclaredObject, { maxItems: 20_000 }),
  },
  'Objects that belong together: all of them are taken, or none.',
)
export const ObjectSetQuery = fields({
  dryRun: Type.Boolean({ default: false, description: 'Only tell what would change.' }),
  prune: Type.Boolean({
    default: false,
    description: 'Delete what `owner` has put here before and is not in the set any more.',
  }),
  owner: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
      maxLength: 63,
      description: 'Whose objects these are from now on: who prunes needs it.',
    }),
  ),
})
export type ObjectSetQuery = Shape<typeof ObjectSetQuery>

export const ObjectChanges = fields(
  {
    changes: Type.Array(ObjectChange),
    applied: Type.Boolean({ description: 'false after a dry run.' }),
    inForce: Type.Boolean({
      description: 'Whether all workers have it; false where that took too long, or nothing serves yet.',
    }),
  },
  'What became of a set of objects.',
)
export type ObjectChanges = Shape<typeof ObjectChanges>
