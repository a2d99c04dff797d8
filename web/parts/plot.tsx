import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { shown as shownTheme } from '../app/theme.ts'
import { useStore } from '../api/store.ts'
import { dayMinute, hourMinute } from '../format.ts'
import { plotTexts } from '../texts/common.ts'
import type { Drawing, Line } from './drawing.ts'

interface Props {
  readonly label: string
  readonly at: readonly string[]
  readonly lines: readonly Line[]
  readonly format: (value: number | null) => string
  /** Whether it goes over days. */
  readonly dated?: boolean
}

/** Lines over time. What they are at the pointer, or where arrow keys have gone, stands above; all of it in a table below. */
export function Plot({ label, at, lines, format, dated = false }: Props) {
  const time = dated ? dayMinute : hourMinute
  const place = useRef<HTMLDivElement>(null)
  const drawing = useRef<Drawing | null>(null)
  const [ready, setReady] = useState(false)
  const [pointed, setPointed] = useState<number | null>(null)
  const theme = useStore(shownTheme)

  useEffect(() => {
    let gone = false
    // Drawing is half of all the code, and nothing else waits for it.
    void import('./drawing.ts').then(({ Drawing: Made }) => {
      if (gone || place.current === null) return
      drawing.current = new Made(place.current, setPointed)
      setReady(true)
    })
    return () => {
      gone = true
      drawing.current?.remove()
      drawing.current = null
    }
  }, [])
  useEffect(() => {
    if (ready) drawing.current?.show({ at, lines, format, time })
  }, [ready, at, lines, format, time, theme])
  useEffect(() => {
    if (ready) drawing.current?.point(pointed)
  }, [ready, pointed])

  const index = pointed === null || pointed >= at.length ? at.length - 1 : pointed
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
    if (step === 0) return
    event.preventDefault()
    setPointed(Math.max(0, Math.min(at.length - 1, index + step)))
  }
  return (
    <figure className="plot">
      <figcaption>
        {lines.map(({ name, values, colour }) => (
          <span key={name} className={`key ${colour.slice(2)}`}>
            {name} <b>{format(values[index] ?? null)}</b>
          </span>
        ))}
        <span className="when">{at[index] === undefined ? '' : time(at[index])}</span>
      </figcaption>
      <div
        ref={place}
        className="drawing"
        role="slider"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, at.length - 1)}
        aria-valuenow={Math.max(0, index)}
        aria-valuetext={spoken(at[index], lines, index, { format, time })}
        tabIndex={0}
        onKeyDown={onKeyDown}
      />
      <details className="as-table">
        <summary>{plotTexts.asTable}</summary>
        <PlotTable label={label} at={at} lines={lines} format={format} dated={dated} />
      </details>
    </figure>
  )
}

function spoken(
  at: string | undefined,
  lines: readonly Line[],
  index: number,
  { format, time }: Pick<Props, 'format'> & { readonly time: (at: string) => string },
): string {
  if (at === undefined) return plotTexts.nothing
  return `${time(at)}: ${lines.map(({ name, values }) => `${name} ${format(values[index] ?? null)}`).join(', ')}`
}

function PlotTable({ label, at, lines, format, dated = false }: Props) {
  const said = dated ? dayMinute : hourMinute
  const rows = at.map((time, i) => [time, i] as const).toReversed()
  return (
    <section className="table-scroll short" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{plotTexts.time}</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([time, i]) => (
            <tr key={time}>
              <th scope="row">{said(time)}</th>
              {lines.map(({ name, values }) => (
                <td key={name} className="number">
                  {format(values[i] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
