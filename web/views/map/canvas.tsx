import { Link } from '@tanstack/react-router'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { rate } from '../../format.ts'
import { mapTexts as t } from '../../texts/map.ts'
import { layout, type Edge, type Node, type Placed } from './layout.ts'

const LEAST_COLUMN = 148
const MOST_COLUMN = 300

/** Columns of links, and under them, for the eye, the lines from one to the next. */
export function Canvas({
  nodes,
  edges,
}: {
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
}) {
  const frame = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const { current } = frame
    if (current === null) return
    const sized = new ResizeObserver(() => setWidth(current.clientWidth - 32))
    sized.observe(current)
    return () => sized.disconnect()
  }, [])
  const column = Math.max(LEAST_COLUMN, Math.min(MOST_COLUMN, Math.floor(width * 0.145)))
  const gap = Math.max(56, Math.floor((width - 5 * column) / 4))
  const drawn = useMemo(() => layout(nodes, edges, column, gap), [nodes, edges, column, gap])
  const [pointed, setPointed] = useState<string | null>(null)
  const lit = useMemo(() => (pointed === null ? null : connected(pointed, edges)), [pointed, edges])
  return (
    <section className="map" ref={frame} aria-label={t.drawing} tabIndex={0}>
      <div className="map-sheet" style={{ width: drawn.width, height: drawn.height }}>
        <svg width={drawn.width} height={drawn.height} aria-hidden="true">
          {drawn.edges.map(edge => (
            <g key={`${edge.from} ${edge.to}`} className={edgeClass(edge, lit)}>
              <path d={edge.path} style={{ strokeWidth: thickness(edge.rate) }} />
              {edge.rate === null || edge.rate === 0 || edge.unlabelled === true ? null : (
                <text x={edge.labelX} y={edge.labelY} textAnchor="end">
                  {rate(edge.rate)}
                </text>
              )}
            </g>
          ))}
        </svg>
        {t.columns.map((title, i) => (
          <section key={title} aria-label={title}>
            <h2 style={{ left: i * (column + gap), width: column }}>{title}</h2>
            <ul>
              {drawn.nodes
                .filter(node => node.column === i)
                .map(node => (
                  <li
                    key={node.id}
                    style={{ left: node.x, top: node.y, width: column, height: node.height }}
                    className={lit === null || lit.has(node.id) ? '' : 'dim'}
                    onPointerEnter={() => setPointed(node.id)}
                    onPointerLeave={() => setPointed(null)}
                  >
                    <NodeLink node={node} onFocus={setPointed} after={edges} />
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </div>
    </section>
  )
}

interface NodeProps {
  readonly node: Placed
  readonly onFocus: (id: string | null) => void
  readonly after: readonly Edge[]
}

function NodeLink({ node, onFocus, after }: NodeProps) {
  const { link, title, note, tone, id } = node
  const content = (
    <>
      <b>{title}</b>
      {note === '' ? null : <small>{note}</small>}
    </>
  )
  const whole = `${title}\n${note}`
  const about = {
    className: `node ${tone}${node.column === 4 ? ' low' : ''}`,
    title: whole,
    onFocus: () => onFocus(id),
    onBlur: () => onFocus(null),
  }
  const passing = after
    .filter(({ to, rate: value, unlabelled }) => to === id && value !== null && unlabelled !== true)
    .reduce((sum, edge) => sum + (edge.rate ?? 0), 0)
  const spoken = passing === 0 ? null : <span className="hidden">{t.perSecond(rate(passing))}</span>
  return link.to === '/routes' ? (
    <Link to="/routes" search={link.params} {...about}>
      {content}
      {spoken}
    </Link>
  ) : (
    <Link to={link.to} params={link.params} {...about}>
      {content}
      {spoken}
    </Link>
  )
}

function edgeClass({ from, to, bad, rate: passing }: Edge, lit: ReadonlySet<string> | null): string {
  const state = bad ? 'bad' : passing === null || passing === 0 ? 'still' : 'flows'
  if (lit === null) return state
  return lit.has(from) && lit.has(to) ? `${state} lit` : `${state} dim`
}

/** 1 to 4.5, by the order of magnitude. */
function thickness(passing: number | null): number {
  return passing === null || passing <= 0 ? 1 : Math.min(4.5, 1.25 + Math.log10(1 + passing))
}

/** What leads to it, and where it leads. */
function connected(id: string, edges: readonly Edge[]): ReadonlySet<string> {
  const found = new Set([id])
  const walk = (at: string, side: 'from' | 'to') => {
    for (const edge of edges) {
      const next = edge[side === 'from' ? 'to' : 'from']
      if (edge[side] !== at || found.has(next)) continue
      found.add(next)
      walk(next, side)
    }
  }
  walk(id, 'from')
  walk(id, 'to')
  return found
}
