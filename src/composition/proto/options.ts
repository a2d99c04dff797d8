import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { Place } from './fault.ts'
import type { Reader } from './reader.ts'
import { textOf } from './tokens.ts'

/** A part of the name of an option: a field, or an extension in parentheses. */
export interface OptionPart {
  readonly name: string
  readonly extension: boolean
}

/** `deprecated = true`, or `(google.api.http) = { get: "/v1/{name}" }`, of which only who knows all files knows what it is. */
export interface Option {
  readonly place: Place
  readonly path: readonly OptionPart[]
  /** As the text format has it, behind the name of a field. */
  readonly value: string
}

/** What options are to be written into, when all files are known. */
export interface Holder {
  readonly schema: DescMessage
  readonly options: readonly Option[]
  /** Where the names of extensions are looked for first. */
  readonly scope: string
  set(options: Message): void
}

/** Behind `option`, or between brackets. */
export function readOption(reader: Reader): Option {
  const place = reader.next
  const path: OptionPart[] = []
  do {
    if (reader.accept('(')) {
      path.push({ name: reader.typeName(), extension: true })
      reader.expect(')')
    } else path.push({ name: reader.word('the name of an option'), extension: false })
  } while (reader.accept('.'))
  reader.expect('=')
  return { place, path, value: readValue(reader) }
}

/** `[a = 1, (b).c = 2]`, or nothing. */
export function readBracketed(reader: Reader): Option[] {
  const options: Option[] = []
  if (!reader.accept('[')) return options
  do options.push(readOption(reader))
  while (reader.accept(','))
  reader.expect(']')
  return options
}

function readValue(reader: Reader): string {
  if (reader.is('{')) return ` {${reader.braced()}}`
  if (reader.next.kind === 'string') return `: ${textOf(reader.bytes('a string'))}`
  const sign = reader.accept('-') ? '-' : reader.accept('+') ? '' : ''
  const { kind } = reader.next
  if (kind !== 'word' && kind !== 'number') throw reader.expected('the value of an option')
  return `: ${sign}${reader.take().text}`
}
