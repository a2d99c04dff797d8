import { AdminError } from '../../api/errors.ts'
import { pageOf, type Page } from '../../api/pages.ts'

/** Which part of a list is wanted. */
interface PageQuery {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** A page, and how many items there are of which it has some. */
export interface CountedPage<T> extends Page<T> {
  readonly total: number
}

/** Of a list in the order of its keys; `isWanted` null: all of it. */
export function countedPage<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  query: PageQuery,
  isWanted: ((item: T) => boolean) | null,
): CountedPage<T> {
  const wanted = isWanted === null ? sorted : sorted.filter(isWanted)
  return { ...pageOf(wanted, query, keyOf), total: wanted.length }
}

/** Of a list in an order of its own; the cursor is a place in it. */
export function pageByPlace<T>(list: readonly T[], { limit, cursor }: PageQuery): CountedPage<T> {
  const from = cursor === undefined ? 0 : placeOf(cursor)
  const to = from + limit
  return { items: list.slice(from, to), next: to < list.length ? `at-${to}` : null, total: list.length }
}

function placeOf(cursor: string): number {
  const [, digits] = /^at-(\d{1,9})$/.exec(cursor) ?? []
  if (digits === undefined)
    throw new AdminError(422, 'query: cursor is none, expected what an answer has as next')
  return Number(digits)
}

/** Whether a text has this somewhere, in any case. */
export function textFilter(part: string): (text: string) => boolean {
  const expression = new RegExp(RegExp.escape(part), 'i')
  return text => expression.test(text)
}

/** By code units, as pages are. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
