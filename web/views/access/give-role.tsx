import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { NewRoleBinding, RoleBinding } from '../../../src/api/shapes/role-binding.ts'
import { accountsQuery, change, organizationsQuery, teamsQuery } from '../../api/recorded.ts'
import { ChoiceField, FormDialog } from '../../parts/form.tsx'
import { accessTexts as t } from '../../texts/access.ts'

export type Subject = { readonly user: string } | { readonly team: string }
type Role = RoleBinding['role']
type Scope = RoleBinding['scope']

interface Props {
  readonly subject: Subject
  readonly onClose: () => void
}

const roles = (Object.keys(t.roleHints) as readonly Role[]).map(role => [role, role] as const)
const scopes = Object.entries(t.scopes)

export function GiveRole({ subject, onClose }: Props) {
  const [role, setRole] = useState<Role>('viewer')
  const [scope, setScope] = useState<Scope>('organization')
  const [chosen, setChosen] = useState('')
  const lists = {
    organization: useQuery(organizationsQuery).data?.items ?? [],
    team: useQuery(teamsQuery).data?.items ?? [],
    account: useQuery(accountsQuery).data?.items ?? [],
    platform: [],
  }
  const of = lists[scope].find(({ id }) => id === chosen) ?? lists[scope][0]
  const give = () => change('POST', '/v1/role-bindings', { ...subject, role, ...whereOf(scope, of?.id) })
  return (
    <FormDialog title={t.giveRole} submit={t.give} onClose={onClose} onSubmit={give}>
      <ChoiceField
        label={t.role}
        value={role}
        options={roles}
        onChange={next => setRole(next as Role)}
        hint={t.roleHints[role]}
      />
      <ChoiceField
        label={t.scope}
        value={scope}
        options={scopes}
        onChange={next => setScope(next as Scope)}
      />
      {scope === 'platform' ? null : of === undefined ? (
        <p className="note">{t.noneOfScope}</p>
      ) : (
        <ChoiceField
          label={t[scope]}
          value={of.id}
          options={lists[scope].map(({ id, name }) => [id, name] as const)}
          onChange={setChosen}
        />
      )}
    </FormDialog>
  )
}

function whereOf(scope: Scope, id = ''): Pick<NewRoleBinding, 'scope' | 'organization' | 'of'> {
  if (scope === 'platform') return { scope }
  return scope === 'organization' ? { scope, organization: id } : { scope, of: id }
}
