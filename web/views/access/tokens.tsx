import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Token, TokenWithSecret } from '../../../src/api/shapes/token.ts'
import type { User } from '../../../src/api/shapes/user.ts'
import { useMay, useMe } from '../../api/me.ts'
import { change, tokensQuery } from '../../api/recorded.ts'
import { useStore } from '../../api/store.ts'
import { token as kept } from '../../api/token.ts'
import { date } from '../../format.ts'
import { Answer } from '../../parts/answers.tsx'
import { ChoiceField, FormDialog, TextField } from '../../parts/form.tsx'
import { Panel } from '../../parts/page.tsx'
import { SecretDialog } from '../../parts/secret.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import type { Column } from '../../parts/table.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { endOf } from '../records/end-of.ts'
import { StatusMark } from '../records/statuses.tsx'

type Doing =
  | { readonly what: 'make' }
  | { readonly what: 'revoke'; readonly of: Token }
  | { readonly what: 'show'; readonly secret: string }

/** By which a user gets in: everybody has their own, administrators those of whom they administer. */
export function Tokens({ user }: { readonly user: User }) {
  const query = useQuery(tokensQuery(user.id))
  const [doing, setDoing] = useState<Doing | null>(null)
  const close = () => setDoing(null)
  const isOwn = useMe()?.user?.id === user.id
  const may = useMay()
  const changes = isOwn || may('users:write')
  return (
    <Panel
      title={t.tokens}
      className="tabled"
      aside={
        changes ? (
          <button type="button" className="main" onClick={() => setDoing({ what: 'make' })}>
            {t.newToken}
          </button>
        ) : undefined
      }
    >
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="note">{t.noToken}</p>
          ) : (
            <ShortTable
              label={t.tokens}
              columns={[...columns, ...(changes ? [stepsColumn(setDoing)] : [])]}
              rows={items.toReversed()}
              rowKey={({ id }) => id}
              className="steps-table"
            />
          )
        }
      </Answer>
      {doing?.what === 'make' ? (
        <NewToken
          user={user.id}
          onClose={close}
          onMade={({ secret }) => setDoing(secret === null ? null : { what: 'show', secret })}
        />
      ) : null}
      {doing?.what === 'revoke' ? <Revoke token={doing.of} onClose={close} /> : null}
      {doing?.what === 'show' ? (
        <SecretDialog title={t.tokenMade} secret={doing.secret} note={t.tokenOnce} onClose={close} />
      ) : null}
    </Panel>
  )
}

const columns: readonly Column<Token>[] = [
  {
    title: t.token,
    cell: ({ prefix, name }) => (
      <>
        <code>{prefix}…</code> <small className="muted">{name}</small>
      </>
    ),
  },
  {
    title: managementTexts.status,
    cell: token => (
      <>
        <StatusMark status={token.status} /> <OfThisTab token={token} />
      </>
    ),
  },
  {
    title: t.expires,
    from: 'tablet',
    cell: ({ expiresAt }) => (expiresAt === null ? t.never : date(expiresAt)),
  },
  {
    title: t.used,
    from: 'desk',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? t.notUsed : date(lastUsedAt)),
  },
]

const stepsColumn = (onDo: (doing: Doing) => void): Column<Token> => ({
  title: managementTexts.actions,
  steps: true,
  cell: token =>
    token.status === 'active' ? (
      <button type="button" onClick={() => onDo({ what: 'revoke', of: token })}>
        {t.revoke}
      </button>
    ) : null,
})

function useIsOfThisTab({ prefix }: Token): boolean {
  return useStore(kept)?.startsWith(prefix) === true
}

function OfThisTab({ token }: { readonly token: Token }) {
  return useIsOfThisTab(token) ? <small className="muted">{t.thisTab}</small> : null
}

interface NewProps {
  readonly user: string
  readonly onClose: () => void
  readonly onMade: (made: TokenWithSecret) => void
}

function NewToken({ user, onClose, onMade }: NewProps) {
  const [name, setName] = useState('')
  const [days, setDays] = useState('90')
  const body = () => ({ name: name.trim(), expiresAt: endOf(days) })
  return (
    <FormDialog
      title={t.newToken}
      submit={managementTexts.make}
      onClose={onClose}
      onSubmit={() => change<TokenWithSecret>('POST', `/v1/users/${user}/tokens`, body())}
      onDone={onMade}
    >
      <p>{t.tokenText}</p>
      <TextField label={t.tokenFor} value={name} onChange={setName} />
      <ChoiceField label={t.expires} value={days} options={t.ends} onChange={setDays} />
    </FormDialog>
  )
}

function Revoke({ token, onClose }: { readonly token: Token; readonly onClose: () => void }) {
  const { id, user, prefix, name } = token
  const isOfThisTab = useIsOfThisTab(token)
  return (
    <FormDialog
      title={t.revokeTitle(name === '' ? `${prefix}…` : name)}
      submit={t.revoke}
      danger
      onClose={onClose}
      onSubmit={() => change('DELETE', `/v1/users/${user}/tokens/${id}`)}
    >
      <p>{t.revokeText}</p>
      {isOfThisTab ? <p className="bad">{t.revokeOwn}</p> : null}
    </FormDialog>
  )
}
