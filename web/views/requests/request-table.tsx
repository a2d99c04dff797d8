import { Link } from '@tanstack/react-router'
import type { RefObject } from 'react'
import type { RequestLine } from '../../../src/admin/shapes/requests.ts'
import { clock, duration, shortRule, UNKNOWN } from '../../format.ts'
import { Mark, statusTone } from '../../parts/mark.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { requestsTexts as t } from '../../texts/requests.ts'
import { keyOf, targetOf } from './request-text.ts'

interface Props {
  readonly lines: readonly RequestLine[]
  readonly scroller: RefObject<HTMLElement | null>
  readonly onEnd: (() => void) | undefined
}

export function RequestTable({ lines, scroller, onEnd }: Props) {
  return (
    <Table label={t.title} columns={columns} rows={lines} rowKey={keyOf} scroller={scroller} onEnd={onEnd} />
  )
}

const columns: readonly Column<RequestLine>[] = [
  { title: t.time, width: 6, cell: line => <Time line={line} /> },
  {
    title: t.status,
    width: 4.5,
    cell: ({ status }) => <Mark tone={statusTone(status)}>{status ?? UNKNOWN}</Mark>,
  },
  { title: t.request, cell: line => <Asked line={line} /> },
  { title: t.route, from: 'desk', cell: line => <Muted text={routeText(line)} /> },
  { title: t.endpoint, width: 12, from: 'wide', cell: ({ endpoint }) => <Muted text={endpoint} /> },
  { title: t.client, width: 10, from: 'wide', cell: ({ client }) => <Muted text={client} /> },
  { title: t.took, width: 5.5, numeric: true, cell: ({ durationMs }) => duration(durationMs) },
]

function Time({ line: { id, at } }: { readonly line: RequestLine }) {
  if (id === null) return clock(at)
  return (
    <Link to="/requests/$id" params={{ id }} title={id}>
      {clock(at)}
    </Link>
  )
}

function Asked({ line }: { readonly line: RequestLine }) {
  const { method, host, attempts } = line
  const target = targetOf(line)
  return (
    <span className="asked" title={`${method ?? ''} ${host ?? ''}${target}`}>
      <b>{method}</b> <span className="host">{host}</span>
      {target}
      {attempts > 1 ? <Mark tone="quiet">×{attempts}</Mark> : null}
    </span>
  )
}

/** Where it went, and why it failed. */
function routeText({ route, failure, rejection }: RequestLine): string {
  const why = rejection ?? failure
  if (route === null) return why ?? t.noRoute
  return why === null ? shortRule(route) : `${shortRule(route)}: ${why}`
}

function Muted({ text }: { readonly text: string | null }) {
  return (
    <span className="muted" title={text ?? undefined}>
      {text}
    </span>
  )
}
