import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Account } from '../../../src/api/shapes/account.ts'
import { applicationsQuery, change } from '../../api/recorded.ts'
import { Answer } from '../../parts/answers.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'

interface Props {
  readonly account: Account
  readonly onClose: () => void
}

/** An account goes when it has no application any more: each of those is somebody's access, and is deleted by itself. */
export function DeleteAccount({ account, onClose }: Props) {
  const { id, name } = account
  const query = useInfiniteQuery(applicationsQuery({ account: id }))
  const title = managementTexts.deleteTitle(name)
  const applications = query.data?.pages.flatMap(({ items }) => items)
  if (applications?.length === 0)
    return (
      <FormDialog
        title={title}
        submit={managementTexts.deleteIt}
        danger
        onClose={onClose}
        onSubmit={() => change('DELETE', `/v1/accounts/${id}`)}
      >
        <p>{t.deleteAccount}</p>
      </FormDialog>
    )
  return (
    <Dialog open onClose={onClose} title={title}>
      <div className="form">
        <Answer query={query}>
          {() => (
            <>
              <p>{t.accountIsUsed}</p>
              <ul className="tight">
                {applications?.map(application => (
                  <li key={application.id}>
                    <Link to="/consumers/$id" params={{ id: application.id }}>
                      {application.name}
                    </Link>
                  </li>
                ))}
              </ul>
            </>
          )}
        </Answer>
      </div>
    </Dialog>
  )
}
