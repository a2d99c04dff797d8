import type { Fields } from '../../http/fields.ts'

/** Names in Vary, in lower case, in order, each once. */
export function varyNames(fields: Fields): readonly string[] {
  const text = fields.combined('vary')
  if (text === undefined) return none
  const names = text.split(',').map(name => name.trim().toLowerCase())
  return [...new Set(names.filter(name => name !== ''))].sort()
}

const none: readonly string[] = []

/** What a request says in these fields: a key. White space around members says nothing (RFC 9111 §4.1). */
export function valuesOf(names: readonly string[], fields: Fields): string {
  let text = ''
  for (const name of names) {
    const value = fields.combined(name)
    const plain = value === undefined ? '-' : normal(value)
    text += `${plain.length}:${plain}`
  }
  return text
}

function normal(value: string): string {
  return value.includes(' ') || value.includes('\t')
    ? `+${value.replace(/[ \t]*,[ \t]*/g, ',').trim()}`
    : `+${value}`
}
