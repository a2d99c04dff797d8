import type { Column } from './table.tsx'

interface Props<T> {
  readonly label: string
  /** The first is the row's heading. */
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly rowKey: (row: T) => string
  /** What styles know it by; its rows are as high as they need to be. */
  readonly className: 'steps-table' | 'plans'
}

/** A table all of whose rows are there, for lists that are read as a whole. */
export function ShortTable<T>({ label, columns, rows, rowKey, className }: Props<T>) {
  return (
    <section className={`table-scroll short ${className}`} aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(({ title, from, steps = false }) => (
              <th key={title} scope="col" className={from}>
                {steps ? <span className="hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={rowKey(row)}>
              {columns.map(({ title, from, steps = false, cell }, i) =>
                i === 0 ? (
                  <th key={title} scope="row" className={from}>
                    {cell(row)}
                  </th>
                ) : (
                  <td key={title} className={steps ? 'row-actions' : from}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
