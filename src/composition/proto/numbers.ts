import type { DescriptorProto, EnumDescriptorProto, FieldDescriptorProto } from '@bufbuild/protobuf/wkt'
import type { Reader } from './reader.ts'

/** Past the last number that a field may have. */
export const FIELDS_END = 536_870_912
export const ENUM_LAST = 2_147_483_647

/** The number of a field, which no other one has; `used` are names by their numbers, null for extensions. */
export function readNumber(
  reader: Reader,
  field: FieldDescriptorProto,
  used: Map<number, string> | null,
): void {
  const place = reader.next
  const number = reader.integer('the number of a field')
  if (number < 1 || number >= FIELDS_END || (number >= 19_000 && number <= 19_999))
    throw reader.fault(
      place,
      `${number} cannot be the number of a field: 1 to ${FIELDS_END - 1}, but for 19000 to 19999`,
    )
  const other = used?.get(number)
  if (other !== undefined)
    throw reader.fault(place, `the number ${number} of "${field.name}" is that of "${other}"`)
  used?.set(number, field.name)
  field.number = number
}

/** `reserved 2, 5 to 9, "name";` */
export function readReserved(
  reader: Reader,
  into: DescriptorProto | EnumDescriptorProto,
  last: number,
  beyond: 0 | 1,
): void {
  reader.take()
  if (reader.next.kind === 'string' || reader.next.kind === 'word')
    do into.reservedName.push(reader.next.kind === 'word' ? reader.take().text : reader.string('a name'))
    while (reader.accept(','))
  else
    for (const [start, end] of readRanges(reader, last, beyond))
      (into.reservedRange as { $typeName: never; start: number; end: number }[]).push({
        $typeName: (into.$typeName === 'google.protobuf.DescriptorProto'
          ? 'google.protobuf.DescriptorProto.ReservedRange'
          : 'google.protobuf.EnumDescriptorProto.EnumReservedRange') as never,
        start,
        end,
      })
  reader.expect(';')
}

/** `2, 5 to 9, 100 to max`; `beyond` is added to the ends: those of messages are exclusive. */
export function readRanges(reader: Reader, last: number, beyond: 0 | 1): [start: number, end: number][] {
  const all: [number, number][] = []
  do {
    const start = reader.integer('a number')
    let end = start
    if (reader.accept('to')) end = reader.accept('max') ? last : reader.integer('a number or max')
    all.push([start, end + beyond])
  } while (reader.accept(','))
  return all
}
