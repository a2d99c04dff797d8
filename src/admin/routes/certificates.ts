import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { CertificateQuery, Certificates } from '../shapes/certificate.ts'
import { certificatePage } from '../views/certificates.ts'

export function certificateRoutes(app: Api, { seen, views }: ApiKit): void {
  app.get(
    '/v1/certificates',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'Certificates that something refers to, and until when they are good',
        tags: ['certificates'],
        querystring: CertificateQuery,
        response: { 200: Certificates },
      },
    },
    ({ query }) => certificatePage(views.source, seen.nowMs(), query),
  )
}
