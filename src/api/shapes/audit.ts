import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { GivenTime } from './record.ts'
import { fields, orNull, text, Time, type Shape } from './shape.ts'

export const AuditEvent = fields(
  {
    seq: Type.Integer({ description: 'Without a gap from 1 on.' }),
    at: Time,
    actor: Type.String({ description: 'The user, as user:ann; or operator.' }),
    by: Type.String({ description: 'What the request was let in by: token:ID, socket, admin-token, setup.' }),
    action: Type.String({ description: 'As in application.create.' }),
    kind: Type.String(),
    object: Type.String({ description: 'Its id.' }),
    name: Type.String({ description: 'What it is called, for people.' }),
    before: Type.Unknown({ description: 'Without what is secret; null where there was nothing.' }),
    after: Type.Unknown({ description: 'Without what is secret; null where it is gone.' }),
    request: orNull(Type.String(), 'The X-Request-Id of the request.'),
    hash: Type.String({ description: 'Of this event and the hash before it: SHA-256.' }),
  },
  'One change, whoever made it.',
)
export type AuditEvent = Shape<typeof AuditEvent>

export const AuditQuery = listQuery({
  actor: Type.Optional(text(200)),
  kind: Type.Optional(text(100)),
  object: Type.Optional(text(600)),
  action: Type.Optional(text(100)),
  since: Type.Optional(GivenTime),
  until: Type.Optional(GivenTime),
})
export const AuditEvents = listOf(AuditEvent, 'Changes, the newest first.')
export type AuditEvents = Shape<typeof AuditEvents>

export const AuditVerdict = fields(
  {
    ok: Type.Boolean({ description: 'Whether every event is as it was written, and none is missing.' }),
    events: Type.Integer({ description: 'How many were read.' }),
    seq: Type.Integer({ description: 'The last that is right; 0 where there is none.' }),
    hash: Type.String({
      description: 'Of that one: keep it elsewhere, to know later that nothing was cut off.',
    }),
    fault: orNull(Type.String(), 'What is wrong with the next one.'),
  },
  'Whether the chain of audit events holds.',
)
export type AuditVerdict = Shape<typeof AuditVerdict>
