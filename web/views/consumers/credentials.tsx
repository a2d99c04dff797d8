import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { credentialsQuery } from '../../api/recorded.ts'
import type { Application } from '../../../src/api/shapes/application.ts'
import type { Credential, CredentialWithKey } from '../../../src/api/shapes/credential.ts'
import { date, UNKNOWN } from '../../format.ts'
import { Answer } from '../../parts/answers.tsx'
import { Panel } from '../../parts/page.tsx'
import { SecretDialog } from '../../parts/secret.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { shownAs } from './credential-text.ts'
import { NewCredential } from './new-credential.tsx'
import { Revoke, Rotate } from './old-credential.tsx'
import { StatusMark } from './statuses.tsx'
import { Writes } from './writes.tsx'

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
            <CredentialTable items={items} onDo={setDoing} />
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
          note={t.shownOnce}
          onClose={close}
        />
      ) : null}
    </Panel>
  )
}

interface TableProps {
  readonly items: readonly Credential[]
  readonly onDo: (doing: Doing) => void
}

function CredentialTable({ items, onDo }: TableProps) {
  return (
    <section className="table-scroll short steps-table" aria-label={t.keys} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.key}</th>
            <th scope="col">{t.status}</th>
            <th scope="col" className="tablet">
              {t.expires}
            </th>
            <th scope="col" className="tablet">
              {t.used}
            </th>
            <th scope="col" className="desk">
              {t.scopes}
            </th>
            <th scope="col">
              <span className="hidden">{t.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.toReversed().map(credential => (
            <Row key={credential.id} credential={credential} onDo={onDo} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Row({ credential, onDo }: { readonly credential: Credential; readonly onDo: TableProps['onDo'] }) {
  const { kind, name, status, expiresAt, lastUsedAt, scopes } = credential
  const counts = status === 'active' || status === 'upcoming'
  return (
    <tr>
      <th scope="row">
        <code>{shownAs(credential)}</code>{' '}
        <small className="muted">{name === '' ? (kind === 'api-key' ? '' : t.kinds[kind]) : name}</small>
      </th>
      <td>
        <StatusMark status={status} />
      </td>
      <td className="tablet">{expiresAt === null ? t.never : date(expiresAt)}</td>
      <td className="tablet">{lastUsedAt === null ? t.notUsed : date(lastUsedAt)}</td>
      <td className="desk">{scopes.length === 0 ? UNKNOWN : scopes.join(' ')}</td>
      <td className="row-actions">
        {counts ? (
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
        ) : null}
      </td>
    </tr>
  )
}
