import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { recordList } from '../../api/recorded.ts'
import { Answer } from '../../parts/answers.tsx'
import { Table, type Column } from '../../parts/table.tsx'

interface Props<T> {
  readonly label: string
  readonly list: ReturnType<typeof recordList<T>>
  readonly columns: readonly Column<T>[]
  readonly rowKey: (row: T) => string
  /** In place of a table without rows. */
  readonly empty: ReactNode
}

/** A list of records, which is asked for page by page as somebody scrolls. */
export function RecordTable<T>({ label, list, columns, rowKey, empty }: Props<T>) {
  const query = useInfiniteQuery(list)
  const rows = query.data?.pages.flatMap(page => page.items) ?? []
  const onEnd = () => {
    if (query.hasNextPage && !query.isFetching) void query.fetchNextPage()
  }
  return (
    <Answer query={query}>
      {() =>
        rows.length === 0 ? (
          empty
        ) : (
          <Table label={label} columns={columns} rows={rows} rowKey={rowKey} onEnd={onEnd} />
        )
      }
    </Answer>
  )
}
