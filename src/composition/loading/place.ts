import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `shop.gateway.ts:27:7`: where in a folder's own files something was thrown, as near to it as the stack knows; null where it was elsewhere. */
export function placeIn(folder: string, error: unknown): string | null {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const [, at = '', place = ''] of stack.matchAll(/(file:\/\/[^\s:)]+|\/[^\s:()]+)((?::\d+)+)/g)) {
    const path = relative(folder, at.startsWith('file:') ? fileURLToPath(at) : at)
    if (!path.startsWith('..') && !path.includes('node_modules/')) return path + place
  }
  return null
}
