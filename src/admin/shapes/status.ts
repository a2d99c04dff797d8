import { Type } from 'typebox'
import { FindingCounts } from '../../api/shapes/finding.ts'
import { fields, orNull, Time, type Shape } from '../../api/shapes/shape.ts'

export const Status = fields(
  {
    program: fields({ version: Type.String(), node: Type.String() }),
    startedAt: Time,
    uptimeS: Type.Number(),
    ready: Type.Boolean({ description: 'Whether it serves and does not drain.' }),
    snapshot: orNull(
      fields({ version: Type.Integer(), appliedAt: Time }),
      'What is in force; null before the first.',
    ),
    workers: Type.Integer({ description: 'Threads that carry traffic.' }),
    roles: Type.Array(Type.String()),
    paths: Type.Array(Type.String(), { description: 'Files and folders that are read, as they were named.' }),
    ports: Type.Array(
      fields({
        key: Type.String({ description: 'Address and port: 0.0.0.0:8080.' }),
        protocol: Type.Enum(['http', 'tls', 'tcp', 'udp']),
        error: orNull(Type.String(), 'Why it cannot be listened on; null where it is.'),
      }),
    ),
    problems: FindingCounts,
    held: Type.Integer({ description: 'Objects of which the last good version serves.' }),
    counts: fields(
      {
        gateways: Type.Integer(),
        listeners: Type.Integer(),
        rules: Type.Integer(),
        clusters: Type.Integer(),
        endpoints: Type.Integer(),
      },
      'How much is served.',
    ),
  },
  'The program, and what it serves.',
)
export type Status = Shape<typeof Status>
