import { isatty } from 'node:tty'

/**
 * Whether text on this descriptor is to be coloured: on a terminal that can, unless NO_COLOR (no-color.org) is set to
 * anything; FORCE_COLOR makes a pipe be taken for one, 0 in it forbids colours.
 */
export function showsColour(descriptor: 1 | 2): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  if (NO_COLOR) return false
  if (FORCE_COLOR) return FORCE_COLOR !== '0'
  return isatty(descriptor) && TERM !== 'dumb'
}

/** SGR codes, by what they say; "odd" is neither good nor bad. */
const CODES = { error: 31, warning: 33, note: 36, good: 32, odd: 35, dim: 90 } as const

export type Colour = keyof typeof CODES
export type Paint = (colour: Colour, text: string) => string

/** Colours text, or leaves it as it is. */
export function painter(shows: boolean): Paint {
  return shows ? inColour : plainly
}

function inColour(colour: Colour, text: string): string {
  return text === '' ? '' : `\x1b[${CODES[colour]}m${text}\x1b[0m`
}

function plainly(_colour: Colour, text: string): string {
  return text
}
