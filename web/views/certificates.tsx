import { useQuery } from '@tanstack/react-query'
import { certificatesQuery } from '../api/queries.ts'
import type { Certificate } from '../../src/admin/shapes/certificate.ts'
import { date, span, UNKNOWN } from '../format.ts'
import { Answer, Empty } from '../parts/answers.tsx'
import { ObjectLink } from '../parts/links.tsx'
import { Mark, Tag, type Tone } from '../parts/mark.tsx'
import { Page } from '../parts/page.tsx'
import { Table, type Column } from '../parts/table.tsx'
import { certificatesTexts as t } from '../texts/certificates.ts'

const tones: Readonly<Record<Certificate['state'], Tone>> = {
  valid: 'good',
  expiring: 'warn',
  expired: 'bad',
  'not-yet': 'bad',
  wanted: 'warn',
}

/** What ends first stands first. */
const byEnd = (a: Certificate, b: Certificate) => (a.expiresInS ?? -1) - (b.expiresInS ?? -1)

export function Certificates() {
  const query = useQuery(certificatesQuery)
  return (
    <Page title={t.title} about={t.about} filled>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t.nothing}>
              <p>{t.nothingHint}</p>
            </Empty>
          ) : (
            <Table
              label={t.title}
              columns={columns}
              rows={items.toSorted(byEnd)}
              rowKey={({ name }) => name}
            />
          )
        }
      </Answer>
    </Page>
  )
}

const columns: readonly Column<Certificate>[] = [
  { title: t.name, cell: certificate => <Name certificate={certificate} /> },
  { title: t.state, width: 9, cell: ({ state }) => <Mark tone={tones[state]}>{t.states[state]}</Mark> },
  { title: t.expires, width: 12, cell: certificate => <Expiry certificate={certificate} /> },
  {
    title: t.names,
    from: 'tablet',
    cell: ({ names }) => <span title={names.join(', ')}>{names.join(', ')}</span>,
  },
  {
    title: t.issuer,
    from: 'desk',
    cell: ({ issuer }) => <span title={issuer ?? ''}>{issuer ?? UNKNOWN}</span>,
  },
  { title: t.key, width: 6, from: 'wide', cell: ({ keyType }) => keyType ?? UNKNOWN },
  {
    title: t.used,
    from: 'desk',
    cell: ({ usedBy }) => <span title={usersText(usedBy)}>{usersText(usedBy)}</span>,
  },
]

function Name({ certificate: { object, authority } }: { readonly certificate: Certificate }) {
  return (
    <>
      <ObjectLink object={object} />
      {authority ? <Tag>{t.authority}</Tag> : null}
    </>
  )
}

function usersText(usedBy: Certificate['usedBy']): string {
  return usedBy.map(({ name }) => name).join(', ')
}

function Expiry({ certificate: { notAfter, expiresInS } }: { readonly certificate: Certificate }) {
  if (notAfter === null || expiresInS === null) return UNKNOWN
  const when = expiresInS < 0 ? t.ago(span(expiresInS)) : t.in(span(expiresInS))
  return (
    <span title={notAfter}>
      {when} <small>{date(notAfter)}</small>
    </span>
  )
}
