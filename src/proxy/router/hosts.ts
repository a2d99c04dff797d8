import { addToHash, emptyHash, hashBackwards, PieceTable } from './pieces.ts'

const dot = 46

/**
 * Values by hostname: the exact one, else the longest wildcard, else the one for
 * any. `*.example.com` takes a.example.com and a.b.example.com, not example.com.
 */
export class HostIndex<V> {
  private readonly exact = new Map<string, V>()
  /** By what follows the asterisk, `.example.com`; null when there is none. */
  private readonly wildcards: PieceTable<V> | null
  private readonly any: V | null

  constructor(entries: ReadonlyMap<string, V>) {
    const wildcards = new Map<string, V>()
    for (const [hostname, value] of entries) {
      if (hostname.startsWith('*.')) wildcards.set(hostname.slice(1), value)
      else if (hostname !== '') this.exact.set(hostname, value)
    }
    this.wildcards = wildcards.size > 0 ? PieceTable.of(wildcards, hashBackwards) : null
    this.any = entries.get('') ?? null
  }

  find(hostname: string): V | null {
    const exact = this.exact.size > 0 ? this.exact.get(hostname) : undefined
    if (exact !== undefined) return exact
    return (this.wildcards === null ? undefined : longestSuffix(this.wildcards, hostname)) ?? this.any
  }
}

function longestSuffix<V>(table: PieceTable<V>, hostname: string): V | undefined {
  let longest: V | undefined
  let hash = emptyHash
  const stop = Math.max(1, hostname.length - table.longest)
  // From the end, so that each label adds to the hash of those after it. Not to the first character: an asterisk is at least one.
  for (let i = hostname.length - 1; i >= stop; i--) {
    const code = hostname.charCodeAt(i)
    hash = addToHash(hash, code)
    if (code === dot) longest = table.find(hash, hostname, i, hostname.length - i) ?? longest
  }
  return longest
}
