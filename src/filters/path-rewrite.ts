import type { PathRewrite } from '../snapshot/rule.ts'

/**
 * Compiles Gateway API HTTPPathModifier: canonical path in, path out; the query
 * is not its business. A prefix is replaced as whole segments, and the slash
 * between prefix and rest belongs to the rest (so `/foo/` keeps its last slash).
 * A path without the prefix, and the `*` of OPTIONS, stay as they are.
 */
export function compilePathRewrite(rewrite: PathRewrite): (path: string) => string {
  if (rewrite.type === 'full') {
    const full = rooted(rewrite.value)
    return path => (path === '*' ? path : full)
  }
  const prefix = withoutTrailingSlash(rewrite.prefix)
  const replacement = rewrite.value === '' ? '' : withoutTrailingSlash(rooted(rewrite.value))
  return path => {
    if (!path.startsWith(prefix)) return path
    const rest = path.slice(prefix.length)
    if (rest !== '' && !rest.startsWith('/')) return path
    return replacement + rest || '/'
  }
}

function rooted(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** For people. */
export function describeRewrite(rewrite: PathRewrite): string {
  if (rewrite.type === 'full') return `path becomes ${rewrite.value}`
  const shown = (path: string) => (path === '' ? '/' : path)
  return `prefix ${shown(rewrite.prefix)} becomes ${shown(rewrite.value)}`
}
