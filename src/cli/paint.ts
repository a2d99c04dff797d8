/** SGR codes, by what they say. */
const CODES = { error: 31, warning: 33, note: 36, good: 32, dim: 2 } as const

export type Paint = (meaning: keyof typeof CODES, text: string) => string

/** Colours text, or leaves it as it is. */
export function painter(colour: boolean): Paint {
  return (meaning, text) => (colour && text !== '' ? `\x1b[${CODES[meaning]}m${text}\x1b[0m` : text)
}
