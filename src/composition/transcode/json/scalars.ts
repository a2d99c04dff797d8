import { ScalarType } from '@bufbuild/protobuf'
import type { MessageInput } from './message-input.ts'

/** Takes a value, and gives it as JSON. */
export type Value = (input: MessageInput) => string

/** How a value is taken, and how it is encoded. */
export interface Item {
  readonly value: Value
  readonly wire: number
  readonly zero: string
}

/** How values are encoded (https://protobuf.dev/programming-guides/encoding/#structure). */
export const VARINT = 0
const BITS_64 = 1
export const LENGTH = 2
const BITS_32 = 5

export function scalarItem(type: ScalarType): Item {
  switch (type) {
    case ScalarType.STRING:
      return { value: input => input.stringText(), wire: LENGTH, zero: '""' }
    case ScalarType.BYTES:
      return { value: input => input.bytesText(), wire: LENGTH, zero: '""' }
    case ScalarType.BOOL:
      return { value: input => input.boolText(), wire: VARINT, zero: 'false' }
    case ScalarType.DOUBLE:
      return { value: input => input.doubleText(), wire: BITS_64, zero: '0' }
    case ScalarType.FLOAT:
      return { value: input => input.floatText(), wire: BITS_32, zero: '0' }
    case ScalarType.INT32:
      return { value: input => input.int32Text(), wire: VARINT, zero: '0' }
    case ScalarType.UINT32:
      return { value: input => input.uint32Text(), wire: VARINT, zero: '0' }
    case ScalarType.SINT32:
      return { value: input => input.sint32Text(), wire: VARINT, zero: '0' }
    case ScalarType.FIXED32:
      return { value: input => input.fixed32Text(), wire: BITS_32, zero: '0' }
    case ScalarType.SFIXED32:
      return { value: input => input.sfixed32Text(), wire: BITS_32, zero: '0' }
    case ScalarType.INT64:
      return { value: input => input.int64Text(), wire: VARINT, zero: '"0"' }
    case ScalarType.UINT64:
      return { value: input => input.uint64Text(), wire: VARINT, zero: '"0"' }
    case ScalarType.SINT64:
      return { value: input => input.sint64Text(), wire: VARINT, zero: '"0"' }
    case ScalarType.FIXED64:
      return { value: input => input.fixed64Text(), wire: BITS_64, zero: '"0"' }
    case ScalarType.SFIXED64:
      return { value: input => input.sfixed64Text(), wire: BITS_64, zero: '"0"' }
  }
}
