import type { DescMessage } from '@bufbuild/protobuf'
import { irregular } from './message-input.ts'
import { scalarItem, type Value } from './scalars.ts'

const WRAPPER = /^google\.protobuf\.(?:Double|Float|U?Int(?:32|64)|Bool|String|Bytes)Value$/

/** Of messages with a JSON of their own, those that APIs are full of; null for all others. */
export function knownValue({ typeName, fields: [field] }: DescMessage): Value | null {
  if (typeName === 'google.protobuf.Timestamp') return timestamp
  return WRAPPER.test(typeName) && field?.fieldKind === 'scalar' && field.number === 1
    ? wrapped(scalarItem(field.scalar))
    : null
}

/** The value alone, also where it is zero. */
function wrapped({ value, wire, zero }: ReturnType<typeof scalarItem>): Value {
  const valueTag = (1 << 3) | wire
  return input => {
    const outer = input.enter()
    let text = zero
    while (input.at < input.end) {
      if (input.tag() !== valueTag) throw irregular
      text = value(input)
    }
    input.leave(outer)
    return text
  }
}

const SECONDS_TAG = 1 << 3
const NANOS_TAG = 2 << 3
const [FIRST_S, LAST_S] = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map(
  text => Date.parse(text) / 1000,
)

/** RFC 3339, with as many digits of a second as are needed: none, three, six or nine. */
const timestamp: Value = input => {
  const outer = input.enter()
  let seconds: number | bigint = 0
  let nanos = 0
  while (input.at < input.end) {
    const tag = input.tag()
    if (tag === SECONDS_TAG) seconds = input.int64()
    else if (tag === NANOS_TAG) nanos = input.int32()
    else throw irregular
  }
  input.leave(outer)
  if (typeof seconds === 'bigint' || seconds < FIRST_S! || seconds > LAST_S!) throw irregular
  if (nanos < 0 || nanos > 999_999_999) throw irregular
  const text = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length)
  return `"${text}${nanos === 0 ? '' : fraction(nanos)}Z"`
}

const fraction = (nanos: number): string => {
  const digits = String(nanos).padStart(9, '0')
  return `.${digits.endsWith('000000') ? digits.slice(0, 3) : digits.endsWith('000') ? digits.slice(0, 6) : digits}`
}
