import { readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'

/** For files, log, DNS and the process itself. */
const RESERVED_FILES = 256
/** Of what the process may have open; the rest is for connections to backends. */
const CLIENT_SHARE = 2 / 3
/** What an idle connection is reckoned to take: 6 KB over plain TCP, more with a request behind it. */
const CONNECTION_BYTES = 16 * 1024

/**
 * Connections that a worker may have from clients: when the process can open no more files, the system turns away
 * whoever comes, and backends are out of reach.
 */
export function connectionBound(workers: number): number {
  const files = Math.max(RESERVED_FILES, (openFiles() - RESERVED_FILES) * CLIENT_SHARE)
  return Math.floor(Math.min(files / workers, getHeapStatistics().heap_size_limit / CONNECTION_BYTES))
}

/** The process's limit. Node has raised the soft one to the hard one. */
export function openFiles(): number {
  try {
    const [, soft = ''] =
      /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return Number(soft) || Infinity
  } catch {
    return Infinity
  }
}
