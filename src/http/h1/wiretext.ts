import { SP } from '../chars.ts'
import type { FieldCursor } from './fieldcursor.ts'

/**
 * How the fields that a reader keeps will read on the wire. A line that has the
 * canonical form (`name: value CRLF`, every byte of it already judged) is what a
 * serialiser would make of its name and value; runs of such lines are taken as
 * one slice. What has another form is written anew.
 */
export class WireText {
  #text = ''
  /** The run that is not taken yet, [run, end) of the head's text; -1 for none. */
  #run = -1
  #end = 0

  reset(): void {
    this.#text = ''
    this.#run = -1
  }

  /** The field under the cursor is kept. */
  keep(cursor: FieldCursor): void {
    const { text, nameStart, nameEnd, valueStart, valueEnd, at } = cursor
    const canonical = valueStart === nameEnd + 2 && text.charCodeAt(nameEnd + 1) === SP && valueEnd + 2 === at
    if (canonical && this.#run !== -1 && this.#end === nameStart) {
      this.#end = at
      return
    }
    this.#take(text)
    if (canonical) {
      this.#run = nameStart
      this.#end = at
    } else this.#text += text.slice(nameStart, nameEnd) + ': ' + text.slice(valueStart, valueEnd) + '\r\n'
  }

  /** Everything kept since the reset; `text` is the head's. */
  finish(text: string): string {
    this.#take(text)
    return this.#text
  }

  #take(text: string): void {
    if (this.#run === -1) return
    const run = text.slice(this.#run, this.#end)
    this.#text = this.#text === '' ? run : this.#text + run
    this.#run = -1
  }
}
