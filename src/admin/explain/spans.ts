import type { Listener } from '../../snapshot/snapshot.ts'

/** Where spans of a listener's requests go by its policy: `default/web Service/default/otel:4318, 5 % of traces that begin here`. */
export function spansText(tracing: NonNullable<Listener['tracing']>): string {
  if (tracing === 'off') return 'nobody is told'
  const { to, share, parents = 1 } = tracing
  const begun = `${to}, ${percent(share)} of traces that begin here`
  if (parents === null) return `${begun} or before`
  return parents < 1 ? `${begun}, ${percent(parents)} of those that are told of before` : begun
}

const percent = (share: number): string => `${Number((share * 100).toFixed(4))} %`
