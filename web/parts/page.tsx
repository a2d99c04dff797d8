import { useEffect, type ReactNode } from 'react'
import { commonTexts } from '../texts/common.ts'

interface Props {
  readonly title: string
  /** What the page is about, in a line. */
  readonly about?: ReactNode
  readonly actions?: ReactNode
  /** Of lists: the page itself does not scroll, the list in it does. */
  readonly filled?: boolean
  readonly children: ReactNode
}

export function Page({ title, about, actions, filled = false, children }: Props) {
  useEffect(() => {
    document.title = `${title} · ${commonTexts.product}`
  }, [title])
  return (
    <div className={filled ? 'page filled' : 'page'}>
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {about === undefined ? null : <p className="about">{about}</p>}
        </div>
        {actions === undefined ? null : <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

interface PanelProps {
  readonly title: string
  readonly aside?: ReactNode
  readonly className?: string
  readonly children: ReactNode
}

export function Panel({ title, aside, className = '', children }: PanelProps) {
  return (
    <section className={`panel ${className}`}>
      <header className="panel-head">
        <h2>{title}</h2>
        {aside === undefined ? null : <div className="aside">{aside}</div>}
      </header>
      {children}
    </section>
  )
}

/** Names and values; those whose value is null are left out. */
export function Facts({ rows }: { readonly rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
