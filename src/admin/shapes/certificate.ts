import { Type } from 'typebox'
import { ObjectRef, Source } from '../../api/shapes/declared.ts'
import { listOf, listQuery } from '../../api/shapes/list.ts'
import { fields, orNull, Time, type Shape } from '../../api/shapes/shape.ts'

export const Certificate = fields(
  {
    name: Type.String({ description: 'What holds it: Secret/default/shop.' }),
    object: ObjectRef,
    source: orNull(Source),
    names: Type.Array(Type.String(), { description: 'Whom it is for; of an authority, who that is.' }),
    issuer: orNull(Type.String()),
    keyType: orNull(Type.String()),
    notBefore: orNull(Time),
    notAfter: orNull(Time, 'Of several authorities, of the first that ends.'),
    expiresInS: orNull(Type.Number(), 'Negative where it has.'),
    state: Type.Enum(['valid', 'expiring', 'expired', 'not-yet', 'wanted'], {
      description:
        'expiring: within 14 days, or a third of its time where that is less. wanted: it is still to be obtained.',
    }),
    inUse: Type.Boolean({ description: 'Whether it is in force: what is not valid is not.' }),
    authority: Type.Boolean(),
    usedBy: Type.Array(fields({ what: Type.Enum(['listener', 'cluster']), name: Type.String() }), {
      description: 'Who refers to it.',
    }),
  },
  'A certificate that something refers to, without its key.',
)
export type Certificate = Shape<typeof Certificate>

export const CertificateQuery = listQuery({})
export type CertificateQuery = Shape<typeof CertificateQuery>

export const Certificates = listOf(Certificate, 'Certificates, those that end first in front.')
export type Certificates = Shape<typeof Certificates>
