/** First and last byte, both of it. */
export interface Span {
  readonly first: number
  readonly last: number
}

/**
 * The one range that Range asks for (RFC 9110 §14.1.2) of so many bytes. `all`: it is answered with everything, as is
 * any that we do not serve (several, another unit, none that could be read); `none`: with 416.
 */
export function spanOf(range: string | undefined, bytes: number): Span | 'all' | 'none' {
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range ?? '') ?? []
  if (first === '' && last === '') return 'all'
  if (first === '') {
    const count = Math.min(Number(last), bytes)
    return count === 0 ? 'none' : { first: bytes - count, last: bytes - 1 }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return 'all'
  if (from >= bytes) return 'none'
  return { first: from, last: last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1) }
}
