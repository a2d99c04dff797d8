import { date } from '../../format.ts'
import type { Column } from '../../parts/table.tsx'
import { managementTexts as t } from '../../texts/management.ts'
import { StatusMark, type RecordStatus } from './statuses.tsx'

/** Columns of lists of records, which are the same of each. */
export const organizationColumn: Column<{ readonly organization: { readonly name: string } }> = {
  title: t.organization,
  width: 10,
  from: 'desk',
  cell: ({ organization }) => organization.name,
}
export const statusColumn: Column<{ readonly status: RecordStatus }> = {
  title: t.status,
  width: 8,
  cell: ({ status }) => <StatusMark status={status} />,
}
export const createdColumn: Column<{ readonly createdAt: string }> = {
  title: t.created,
  width: 9,
  from: 'tablet',
  cell: ({ createdAt }) => date(createdAt),
}
export const titleColumn: Column<{ readonly title: string }> = {
  title: t.title,
  from: 'tablet',
  cell: ({ title }) => title,
}
