import { Link } from '@tanstack/react-router'
import type { Usage, UsageItem } from '../../../src/api/shapes/usage.ts'
import type { UsageDimension } from '../../../src/api/shapes/usage-names.ts'
import { bytes, count } from '../../format.ts'
import { usageTexts as t } from '../../texts/usage.ts'
import { short } from '../apis/apis.tsx'

interface Props {
  readonly usage: Usage
  readonly by: UsageDimension
}

const columns: readonly (readonly [title: string, of: (item: UsageItem) => string, from?: string])[] = [
  [t.requests, item => count(item.requests)],
  [t.denied, item => count(item.denied)],
  [t.errors, item => count(item.errors)],
  [t.overQuota, item => count(item.overQuota), 'tablet'],
  [t.cost, item => count(item.cost), 'desk'],
  [t.in, item => bytes(item.requestBytes), 'desk'],
  [t.out, item => bytes(item.responseBytes), 'tablet'],
]

export function UsageTable({ usage, by }: Props) {
  const most = Math.max(...usage.items.map(({ requests }) => requests), 1)
  return (
    <section className="table-scroll short" aria-label={t.title} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.groups[by as keyof typeof t.groups]}</th>
            {columns.map(([title, , from = '']) => (
              <th key={title} scope="col" className={`number ${from}`}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {usage.items.map(item => (
            <tr key={item.by[by]}>
              <th scope="row">
                <Value by={by} value={item.by[by] ?? ''} names={usage.names} />
              </th>
              {columns.map(([title, of, from = '']) => (
                <td key={title} className={`number ${from}`}>
                  {title === t.requests ? (
                    <meter
                      className="bar tablet"
                      min={0}
                      max={most}
                      value={item.requests}
                      aria-hidden="true"
                    />
                  ) : null}
                  {of(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface ValueProps {
  readonly by: UsageDimension
  readonly value: string
  readonly names: Usage['names']
}

function Value({ by, value, names }: ValueProps) {
  if (value === '') return <span className="muted">{t.none}</span>
  if (by === 'application')
    return (
      <Link to="/consumers/$id" params={{ id: value }}>
        {names[value] ?? value}
      </Link>
    )
  const [namespace = '', name = ''] = value.split('/')
  if (by === 'api')
    return (
      <Link to="/apis/$namespace/$name" params={{ namespace, name }}>
        {short(value)}
      </Link>
    )
  return <>{short(value).replaceAll('_', ' ')}</>
}
