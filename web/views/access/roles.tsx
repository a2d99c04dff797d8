import { useQuery } from '@tanstack/react-query'
import type { RoleBinding } from '../../../src/api/shapes/role-binding.ts'
import { useMay, useMe } from '../../api/me.ts'
import { bindingsQuery, change } from '../../api/recorded.ts'
import { Answer } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { Panel } from '../../parts/page.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import type { Column } from '../../parts/table.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { DialogButton } from '../records/dialog-button.tsx'
import { GiveRole, type Subject } from './give-role.tsx'

interface Named {
  readonly id: string
  readonly name: string
}

/** Of oneself they are told by who one is: reading all bindings takes an administrator. */
export function UserRoles({ user }: { readonly user: Named }) {
  const may = useMay()
  const own = useMe()
  const asked = useQuery({ ...bindingsQuery, enabled: may('users:read') })
  const isOwn = own?.user?.id === user.id
  const query = may('users:read')
    ? asked
    : { ...asked, data: isOwn ? { items: own.bindings, next: null } : undefined }
  return (
    <Panel title={t.roles} className="tabled" aside={<GiveButton subject={{ user: user.id }} />}>
      <Answer query={query}>
        {({ items }) => (
          <Bindings
            of={items.filter(one => one.user?.id === user.id || (isOwn && !may('users:read')))}
            who={user.name}
            none={`${t.noRole} ${t.byTeams}`}
          />
        )}
      </Answer>
    </Panel>
  )
}

export function TeamRoles({ team }: { readonly team: Named }) {
  const query = useQuery(bindingsQuery)
  return (
    <Panel title={t.roles} className="tabled" aside={<GiveButton subject={{ team: team.id }} />}>
      <Answer query={query}>
        {({ items }) => (
          <Bindings of={items.filter(one => one.team?.id === team.id)} who={team.name} none={t.noTeamRole} />
        )}
      </Answer>
    </Panel>
  )
}

function GiveButton({ subject }: { readonly subject: Subject }) {
  return (
    <DialogButton needs="users:write" text={t.giveRole} main quiet>
      {close => <GiveRole subject={subject} onClose={close} />}
    </DialogButton>
  )
}

interface Props {
  readonly of: readonly RoleBinding[]
  readonly who: string
  readonly none: string
}

function Bindings({ of, who, none }: Props) {
  if (of.length === 0) return <p className="note">{none}</p>
  return (
    <ShortTable
      label={t.roles}
      columns={columnsOf(who)}
      rows={of}
      rowKey={({ id }) => id}
      className="steps-table"
    />
  )
}

const columnsOf = (who: string): readonly Column<RoleBinding>[] => [
  {
    title: t.role,
    cell: ({ role }) => (
      <>
        {role} <small className="muted">{t.roleHints[role]}</small>
      </>
    ),
  },
  { title: t.where, cell: whereText },
  { title: managementTexts.actions, steps: true, cell: binding => <TakeAway binding={binding} who={who} /> },
]

function whereText({ scope, organization, of }: RoleBinding): string {
  if (scope === 'platform') return t.scopes.platform
  return `${t.scopes[scope]}: ${(of ?? organization)?.name ?? ''}`
}

function TakeAway({
  binding: { id, role, user },
  who,
}: {
  readonly binding: RoleBinding
  readonly who: string
}) {
  const me = useMe()?.user?.id
  const isSelf = user !== null && user.id === me
  return (
    <DialogButton needs="users:write" text={t.takeAway} quiet>
      {close => (
        <FormDialog
          title={t.takeAwayTitle(role, who)}
          submit={t.takeAway}
          danger
          onClose={close}
          onSubmit={() => change('DELETE', `/v1/role-bindings/${id}`)}
        >
          {isSelf ? <p className="bad">{t.yourself}</p> : null}
        </FormDialog>
      )}
    </DialogButton>
  )
}
