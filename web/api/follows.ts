import type { Figures } from '../../src/admin/shapes/figures.ts'

/** So much time may be between two events that no figures are of. */
const GAP_MS = 3_000

/**
 * Whether the same is in force, and the same is wrong, as a moment ago. After a gap it may be another process; and what
 * was asked before the first figures came may be older than they are. Where figures are of many thousand routes they come
 * more seldom (`intervalS`), and that is no gap.
 */
export function follows(before: Figures, now: Figures): boolean {
  const said = ({ snapshot, problems, held }: Figures) => JSON.stringify([snapshot, problems, held])
  const gapMs = Date.parse(now.at) - Date.parse(before.at) - now.intervalS * 1000
  return gapMs < GAP_MS && said(before) === said(now)
}
