import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { credentialsQuery } from '../../api/recorded.ts'
import type { Application } from '../../../src/api/shapes/application.ts'
import type { Credential, CredentialWithKey } from '../../../src/api/shapes/credential.ts'
import { date, UNKNOWN } from '../../format.ts'
import { Answer } from '../../parts/answers.tsx'
import { Panel } from '../../parts/page.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import type { Column } from '../../parts/table.tsx'
import { SecretDialog } from '../../parts/secret.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { shownAs } from './credential-text.ts'
import { NewCredential } from './new-credential.tsx'
import { Revoke, Rotate } from './old-credential.tsx'
import { StatusMark } from '../records/statuses.tsx'
import { Writes } from '../records/writes.tsx'

type Doing =
  | { readonly what: 'make' }
  | { readonly what: 'rotate' | 'revoke'; readonly of: Credential }
  | { readonly what: 'show'; readonly made: CredentialWithKey }

/** What an application is known by; of a new key, the one time that it is shown. */
export function Credentials({ application }: { readonly application: Application }) {
  const query = useQuery(credentialsQuery(application.id))
  const [doing, setDoing] = useState<Doing | null>(null)
  const close = () => setDoing(null)
  const made = (credential: CredentialWithKey) =>
    setDoing(credential.key === null ? null : { what: 'show', made: credential })
  return (
    <Panel
      title={t.keys}
      className="tabled"
      aside={
        <Writes needs="credentials:write">
          <button type="button" className="main" onClick={() => setDoing({ what: 'make' })}>
            {t.newKey}
          </button>
        </Writes>
      }
    >
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="note">{t.noKeys}</p>
          ) : (
            <ShortTable
              label={t.keys}
              columns={columnsOf(setDoing)}
              rows={items.toReversed()}
              rowKey={({ id }) => id}
              className="steps-table"
            />
          )
        }
      </Answer>
      {doing?.what === 'make' ? (
        <NewCredential application={application.id} onClose={close} onMade={made} />
      ) : null}
      {doing?.what === 'rotate' ? <Rotate credential={doing.of} onClose={close} onMade={made} /> : null}
      {doing?.what === 'revoke' ? <Revoke credential={doing.of} onClose={close} /> : null}
      {doing?.what === 'show' ? (
        <SecretDialog
          title={doing.made.kind === 'basic' ? t.newPassword : t.newKeyTitle}
          secret={doing.made.key ?? ''}
          note={doing.made.kind === 'basic' ? t.shownOnce : `${t.shownOnce} ${t.keyGoes}`}
          onClose={close}
        />
      ) : null}
    </Panel>
  )
}

type Do = (doing: Doing) => void

const columnsOf = (onDo: Do): readonly Column<Credential>[] => [
  {
    title: t.key,
    cell: credential => (
      <>
        <code>{shownAs(credential)}</code> <small className="muted">{labelOf(credential)}</small>
      </>
    ),
  },
  { title: managementTexts.status, cell: ({ status }) => <StatusMark status={status} /> },
  {
    title: t.expires,
    from: 'tablet',
    cell: ({ expiresAt }) => (expiresAt === null ? t.never : date(expiresAt)),
  },
  {
    title: t.used,
    from: 'tablet',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? t.notUsed : date(lastUsedAt)),
  },
  {
    title: t.scopes,
    from: 'desk',
    cell: ({ scopes }) => (scopes.length === 0 ? UNKNOWN : scopes.join(' ')),
  },
  {
    title: managementTexts.actions,
    steps: true,
    cell: credential => <Steps credential={credential} onDo={onDo} />,
  },
]

function labelOf({ kind, name }: Credential): string {
  if (name !== '') return name
  return kind === 'api-key' ? '' : t.kinds[kind]
}

function Steps({ credential, onDo }: { readonly credential: Credential; readonly onDo: Do }) {
  const { kind, status } = credential
  if (status !== 'active' && status !== 'upcoming') return null
  return (
    <Writes needs="credentials:write" quiet>
      {kind === 'api-key' || kind === 'basic' ? (
        <button type="button" onClick={() => onDo({ what: 'rotate', of: credential })}>
          {t.rotate}
        </button>
      ) : null}
      <button type="button" onClick={() => onDo({ what: 'revoke', of: credential })}>
        {t.revoke}
      </button>
    </Writes>
  )
}
