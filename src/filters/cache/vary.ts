import type { Fields } from '../../http/fields.ts'
import type { CacheReader } from '../../shared/cache/reader.ts'

/** Names in Vary, in lower case, in order, each once. */
export function varyNames(fields: Fields): readonly string[] {
  const text = fields.combined('vary')
  if (text === undefined) return none
  const names = text.split(',').map(name => name.trim().toLowerCase())
  return [...new Set(names.filter(name => name !== ''))].sort()
}

const none: readonly string[] = []

/** What these say is known to be no secret; of all others there is a digest. */
const open: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'origin',
  'user-agent',
  'x-requested-with',
])

/** What a request says in these fields: a key. White space around members says nothing (RFC 9111 §4.1). */
export function valuesOf(
  names: readonly string[],
  fields: Fields,
  digests: Pick<CacheReader, 'digest'>,
): string {
  let text = ''
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const value = fields.combined(name)
    const said = value === undefined ? '-' : normal(value)
    const plain = open.has(name) ? said : `#${digests.digest(said)}`
    text += `${plain.length}:${plain}`
  }
  return text
}

function normal(value: string): string {
  return value.includes(' ') || value.includes('\t')
    ? `+${value.replace(/[ \t]*,[ \t]*/g, ',').trim()}`
    : `+${value}`
}
