import { Rejection } from '../../../http/failures.ts'
import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import type { Ingress, IngressPath } from '../../../model/kinds/ingress.ts'
import type { PathMatch } from '../../../snapshot/rule.ts'

/** Annotations by which every path of a host is a regular expression; a rewrite makes it so in ingress-nginx. */
const REGEX = /\/(use-regex|path-regex|rewrite-target|path-type)$/
const NO_REGEX = /^(false|exact|prefix|begin|)$/i

const SPECIAL = /[*^$()[\]\\|?+{}]/

/** Whether other controllers may take every path of its hosts for a regular expression: of all Ingresses there, as ingress-nginx does. */
export function hasRegex({ metadata: { annotations = {} } }: Ingress): boolean {
  return Object.entries(annotations).some(([name, value]) => REGEX.test(name) && !NO_REGEX.test(value.trim()))
}

/**
 * Whether other controllers may take more for this path than what is written: `pattern` where it says more than letters,
 * `letters` where it only begins so; a longer path comes before that one, as in nginx.
 */
export function patternIn(
  { path = '', pathType }: IngressPath,
  isRegex: boolean,
): 'pattern' | 'letters' | null {
  if (SPECIAL.test(path) || path.startsWith('/~/')) return 'pattern'
  return isRegex && pathType !== 'Exact' ? 'letters' : null
}

/**
 * All that a pattern may take: whatever begins as it does up to where it is more than letters, in whichever case, for so
 * ingress-nginx compares.
 */
export function patternMatch(path: string): PathMatch {
  // Kong marks patterns by /~.
  const pattern = path.replace(/^\/~(?=\/)/, '')
  const written = hasAlternative(pattern) ? '/' : literalStart(pattern)
  const start = canonicalPath(written, writtenPaths)
  if (start instanceof Rejection || start === '/') return { type: 'prefix', value: '' }
  const rest = pattern.startsWith('(/|$)', written.length) ? '(/.*)?' : '.*'
  return { type: 'regex', value: start.replaceAll(/./g, eitherCase) + rest }
}

/** A quantifier is about the last character, which may then be missing. */
function literalStart(pattern: string): string {
  const [start = ''] = /^[^.*^$()[\]\\|?+{}]*/.exec(pattern) ?? []
  return /^[*?{]/.test(pattern.slice(start.length)) ? start.slice(0, -1) : start
}

/** Whether it has an alternative that is in no group. */
function hasAlternative(pattern: string): boolean {
  let depth = 0
  for (const token of pattern.match(/\\.|\[[^\]]*\]|[()|]/g) ?? []) {
    if (token === '|' && depth === 0) return true
    if (token === '(') depth++
    if (token === ')') depth--
  }
  return false
}

function eitherCase(character: string): string {
  if (/[a-z]/i.test(character)) return `[${character.toLowerCase()}${character.toUpperCase()}]`
  return /[\w/%-]/.test(character) ? character : `\\${character}`
}
