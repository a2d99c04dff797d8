import { fromBinary, toJsonString, type DescMessage, type JsonWriteOptions } from '@bufbuild/protobuf'
import { knownValue } from './known-types.ts'
import { irregular, type MessageInput } from './message-input.ts'
import { isRegular, MessageType, MOST_DEPTH } from './message-type.ts'
import type { Value } from './scalars.ts'

/**
 * Makes JSON of messages in the binary form, without making objects of them, which nobody here would read. It is what
 * `toJsonString(type, fromBinary(type, bytes))` gives, which writes all that is rare.
 */
export class MessageTexts {
  private readonly options: Partial<JsonWriteOptions>
  /** Null: the library writes it. */
  private readonly types = new Map<DescMessage, MessageType | null>()

  constructor(options: Partial<JsonWriteOptions>) {
    this.options = options
  }

  /** Of the message that is from `start` to `end`. Throws where that is no such message, or one that JSON cannot have. */
  text(type: DescMessage, input: MessageInput, start = 0, end = input.bytes.length): string {
    const own = this.typeOf(type)
    if (own !== null)
      try {
        return own.whole(input, start, end)
      } catch (error) {
        if (error !== irregular) throw error
      }
    return this.byLibrary(type, input.bytes.subarray(start, end))
  }

  /** Made when the first of them comes. */
  private typeOf(type: DescMessage): MessageType | null {
    let found = this.types.get(type)
    if (found === undefined) {
      found = isRegular(type) ? new MessageType(type, this.options, this.inner) : null
      this.types.set(type, found)
    }
    return found
  }

  private readonly inner = (type: DescMessage): Value => {
    const known = knownValue(type)
    if (known !== null) return known
    let own: MessageType | null | undefined
    return input => {
      own ??= this.typeOf(type)
      return own === null ? this.innerByLibrary(type, input) : own.nested(input)
    }
  }

  private innerByLibrary(type: DescMessage, input: MessageInput): string {
    const bytes = input.until(input.stop())
    try {
      // The message around it is one, and so is each around that.
      return this.byLibrary(type, bytes, MOST_DEPTH - 1 - input.depth)
    } catch {
      // What is wrong with it alone need not be wrong with it where it is.
      throw irregular
    }
  }

  private byLibrary(type: DescMessage, bytes: Uint8Array, recursionLimit = MOST_DEPTH): string {
    return toJsonString(type, fromBinary(type, bytes, { recursionLimit }), this.options)
  }
}
