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
