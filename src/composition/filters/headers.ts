import { Fields } from '../../http/fields.ts'
import { ownedFields } from '../../http/owned-fields.ts'
import type { FieldChange } from '../../shared/crossing/filtering.ts'
import { isField } from '../engine/fields.ts'

/**
 * The fields of a request or an answer, as a filter reads and changes them. Names are in any case. Throws a TypeError
 * for what cannot be a field, and for those of the connection (`host`, `content-length`, `transfer-encoding` …).
 */
export class FilterHeaders implements Iterable<readonly [name: string, value: string]> {
  readonly #fields: Fields
  readonly #changes: FieldChange[] = []

  /** Name, value, name, value … */
  constructor(list: readonly string[]) {
    this.#fields = new Fields([...list])
  }

  /** The value of this field, or null; several are joined by `, `. */
  get(name: string): string | null {
    return this.#fields.combined(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase())
  }

  /** In place of all fields of this name. */
  set(name: string, value: string): void {
    this.#change('set', name, value)
    this.#fields.set(name, value)
  }

  /** Beside fields of this name. */
  append(name: string, value: string): void {
    this.#change('add', name, value)
    this.#fields.add(name, value)
  }

  delete(name: string): void {
    if (this.has(name)) this.#change('remove', name, '')
    this.#fields.remove(name.toLowerCase())
  }

  /** In the order in which they came, names as they were written. */
  *[Symbol.iterator](): Generator<readonly [name: string, value: string], void, undefined> {
    const { list } = this.#fields
    for (let i = 0; i < list.length; i += 2) yield [list[i]!, list[i + 1]!]
  }

  /** What has become of them, in order. */
  static changesOf(headers: FilterHeaders): readonly FieldChange[] {
    return headers.#changes
  }

  #change(how: FieldChange[0], name: string, value: string): void {
    const lower = String(name).toLowerCase()
    if (!isField(lower, value) || ownedFields.has(lower))
      throw new TypeError(
        `${JSON.stringify(name)}: ${JSON.stringify(value)} is no field that a filter can change`,
      )
    this.#changes.push([how, name, value])
  }
}
