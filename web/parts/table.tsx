import { useVirtualizer } from '@tanstack/react-virtual'
import {
  useEffect,
  useRef,
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
} from 'react'
import { tableTexts } from '../texts/common.ts'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => ReactNode
  /** In rem; what is left over goes to those without one. */
  readonly width?: number
  readonly numeric?: boolean
  /** The narrowest screen that has it; absent: each. */
  readonly from?: 'tablet' | 'desk' | 'wide'
  /** Of buttons: its title is for those who hear it. */
  readonly steps?: boolean
}

interface Props<T> {
  readonly label: string
  /** The first is the row's heading, and has the link that leads on. */
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly rowKey: (row: T) => string
  /** How many there are, where not all are here. */
  readonly total?: number | undefined
  readonly onEnd?: (() => void) | undefined
  readonly scroller?: RefObject<HTMLElement | null>
  readonly onScroll?: () => void
}

const ROW_PX = 40
const NEAR_END = 30

/** A table of any length: only the rows that are seen are there. Arrow keys, Home, End and page keys go through them. */
export function Table<T>(props: Props<T>) {
  const { label, columns, rows, rowKey, total = rows.length, onEnd, onScroll } = props
  const own = useRef<HTMLElement>(null)
  const scroller = props.scroller ?? own
  const wanted = useRef<number | null>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: index => rowKey(rows[index]!),
  })
  const shown = virtual.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (onEnd !== undefined && last >= rows.length - NEAR_END) onEnd()
  }, [last, rows.length, onEnd])
  useEffect(() => {
    if (wanted.current === null) return
    const link = linkOf(scroller.current, wanted.current)
    if (link === null) return
    link.focus({ preventScroll: true })
    wanted.current = null
  })

  const onKeyDown = (event: KeyboardEvent) => {
    const at = indexOf(event.target)
    const next = at === null ? null : target(event.key, at, rows.length)
    if (next === null) return
    event.preventDefault()
    virtual.scrollToIndex(next)
    const link = linkOf(scroller.current, next)
    if (link === null) wanted.current = next
    else link.focus({ preventScroll: true })
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys of its rows' links, where they come by
    <section
      className="table-scroll"
      ref={scroller}
      aria-label={label}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={onScroll}
    >
      <table aria-rowcount={total + 1}>
        <caption className="hidden">{label}</caption>
        <colgroup>
          {columns.map(({ title, width, from }) => (
            <col key={title} className={from} style={widthStyle(width)} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ title, numeric = false, from, steps = false }) => (
              <th key={title} scope="col" className={classes(numeric, from)}>
                {steps ? <span className="hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={shown[0]?.start ?? 0} />
          {shown.map(({ index, key }) => (
            <tr key={key} data-index={index} aria-rowindex={index + 2}>
              {columns.map((column, i) => (
                <Cell key={column.title} column={column} row={rows[index]!} heading={i === 0} />
              ))}
            </tr>
          ))}
          <Spacer height={virtual.getTotalSize() - (shown.at(-1)?.end ?? 0)} />
        </tbody>
      </table>
      <p className="hidden" role="status">
        {tableTexts.shown(rows.length, total)}
      </p>
    </section>
  )
}

interface CellProps<T> {
  readonly column: Column<T>
  readonly row: T
  readonly heading: boolean
}

function Cell<T>({ column, row, heading }: CellProps<T>) {
  const { cell, numeric = false, from, steps = false } = column
  const className = steps ? 'row-actions' : classes(numeric, from)
  return heading ? (
    <th scope="row" className={className}>
      {cell(row)}
    </th>
  ) : (
    <td className={className}>{cell(row)}</td>
  )
}

function Spacer({ height }: { readonly height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden="true" className="spacer">
      {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- it stands for rows that are not there */}
      <td style={{ height }} />
    </tr>
  )
}

function classes(numeric: boolean, from = ''): string {
  return numeric ? `number ${from}` : from
}

/** As a property, so that table.css can make all of them narrower. */
function widthStyle(width: number | undefined): CSSProperties | undefined {
  return width === undefined ? undefined : ({ '--width': `${width}rem` } as CSSProperties)
}

function indexOf(element: EventTarget): number | null {
  const row = element instanceof Element ? element.closest('tr[data-index]') : null
  if (row !== null) return Number(row.getAttribute('data-index'))
  // The table itself has the focus: the first key goes to its first row.
  return element instanceof Element && element.matches('.table-scroll') ? -1 : null
}

function target(key: string, at: number, rows: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    j: at + 1,
    k: at - 1,
    PageDown: at + 15,
    PageUp: at - 15,
    Home: 0,
    End: rows - 1,
  }
  const next = steps[key]
  return next === undefined || rows === 0 ? null : Math.max(0, Math.min(rows - 1, next))
}

function linkOf(scroller: HTMLElement | null, index: number): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`tr[data-index="${index}"] a`) ?? null
}
