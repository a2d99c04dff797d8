import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { Application } from '../../../src/api/shapes/application.ts'
import { credentialsQuery, removeAndLeave, subscriptionsQuery } from '../../api/recorded.ts'
import { FormDialog } from '../../parts/form.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'

interface Props {
  readonly application: Application
  readonly onClose: () => void
}

export function DeleteApplication({ application: { id, name, account }, onClose }: Props) {
  const navigate = useNavigate()
  const credentials = useQuery(credentialsQuery(id)).data?.items
  const subscriptions = useInfiniteQuery(subscriptionsQuery({ application: id })).data?.pages
  const counted = credentials?.filter(({ status }) => status === 'active').length ?? 0
  const used = subscriptions?.flatMap(({ items }) => items).filter(({ status }) => status === 'active').length
  return (
    <FormDialog
      title={managementTexts.deleteTitle(name)}
      submit={managementTexts.deleteIt}
      danger
      onClose={onClose}
      onSubmit={() =>
        removeAndLeave(`/v1/applications/${id}`, () =>
          navigate({ to: '/consumers', search: { account: account.id } }),
        )
      }
    >
      <p>{t.deleteApplication(counted, used ?? 0)}</p>
      <p>{t.usageStays}</p>
    </FormDialog>
  )
}
