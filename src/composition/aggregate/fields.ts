import { checkFields } from '../engine/fields.ts'

/** Throws a TypeError where that cannot be a field of a message that is composed. */
export function fieldName(name: string, value: string): void {
  const field = name.toLowerCase()
  if (field === 'host')
    throw new TypeError(
      `${JSON.stringify(name)} is not for a composition to say, expected the "url" of the backend`,
    )
  checkFields({ [field]: value })
}
