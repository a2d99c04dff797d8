import type { Paint } from '../../telemetry/colour.ts'
import { plain } from '../../telemetry/plain.ts'

export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string
  /** The first to be left out where there is no room; 1 before 2. Columns without a number are always there, others only where one of their cells says something. */
  readonly spare?: number
  readonly colour?: (row: Row) => Parameters<Paint>[0] | null
}

const GAP = 2

/**
 * Rows under their titles, as wide as they are. Where that is more than `room` (the columns of a terminal; null where
 * it is none), spare columns are left out: what is cut off cannot be copied.
 */
export function tableText<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  room: number | null,
  paint: Paint,
): string {
  const cells = new Map(columns.map(column => [column, rows.map(row => plain(column.of(row)))]))
  const width = (column: Column<Row>): number =>
    Math.max(column.title.length, ...cells.get(column)!.map(cell => cell.length))
  const isEmpty = (column: Column<Row>): boolean => cells.get(column)!.every(cell => cell === '')
  const shown = fitting(columns, { width, isEmpty }, room)
  const line = (texts: readonly string[], colours: readonly (Parameters<Paint>[0] | null)[]): string =>
    texts
      .map((text, i) => {
        const padded = i === texts.length - 1 ? text : text.padEnd(width(shown[i]!) + GAP)
        const colour = colours[i] ?? null
        return colour === null ? padded : paint(colour, text) + padded.slice(text.length)
      })
      .join('')
      .trimEnd()
  const head = line(
    shown.map(({ title }) => title),
    shown.map(() => 'dim'),
  )
  const body = rows.map((row, i) =>
    line(
      shown.map(column => cells.get(column)![i]!),
      shown.map(({ colour }) => colour?.(row) ?? null),
    ),
  )
  return [head, ...body, ''].join('\n')
}

function fitting<Row>(
  columns: readonly Column<Row>[],
  {
    width,
    isEmpty,
  }: {
    readonly width: (column: Column<Row>) => number
    readonly isEmpty: (column: Column<Row>) => boolean
  },
  room: number | null,
): readonly Column<Row>[] {
  let shown = columns.filter(column => column.spare === undefined || !isEmpty(column))
  const total = (): number => shown.reduce((sum, column) => sum + width(column) + GAP, -GAP)
  while (room !== null && total() > room) {
    const [first] = shown.filter(({ spare }) => spare !== undefined).toSorted((a, b) => a.spare! - b.spare!)
    if (first === undefined) break
    shown = shown.filter(column => column !== first)
  }
  return shown
}

/** What is known of one thing, line by line; what is "" is left out. */
export function factsText(facts: readonly (readonly [name: string, value: string])[], paint: Paint): string {
  const told = facts.filter(([, value]) => value !== '')
  const column = Math.max(...told.map(([name]) => name.length)) + GAP
  return told.map(([name, value]) => `${paint('dim', name.padEnd(column))}${plain(value)}\n`).join('')
}

/** Of standard output: its columns, or null where it is no terminal. */
export function roomOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): number | null {
  return stream.isTTY === true && stream.columns !== undefined && stream.columns > 0 ? stream.columns : null
}
