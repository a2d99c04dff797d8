import { useId, useRef } from 'react'
import { declaredTexts as t } from '../../texts/declared.ts'
import type { Fault } from './yaml-places.ts'

interface Props {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly faults: readonly Fault[]
}

/**
 * YAML to be written, with its lines numbered, and what is wrong behind the line that it is about. The field is the
 * system's own; numbers and faults stand in a copy of the text below it.
 */
export function YamlField({ label, value, onChange, faults }: Props) {
  const id = useId()
  const field = useRef<HTMLTextAreaElement>(null)
  const byLine = Map.groupBy(faults, ({ line }) => line)
  const goTo = (line: number) => {
    const at = value.split('\n', line - 1).reduce((sum, one) => sum + one.length + 1, 0)
    field.current?.focus()
    field.current?.setSelectionRange(at, at)
  }
  return (
    <div className="field tall">
      <label htmlFor={id}>{label}</label>
      <div className="yaml-field">
        <pre className="yaml" aria-hidden="true">
          {value.split('\n').map((line, i) => (
            <span key={i} className={byLine.has(i + 1) ? 'line faulty' : 'line'}>
              <span className="under">{line}</span>
              {byLine.get(i + 1)?.map(({ message }) => (
                <em key={message}>{message}</em>
              ))}
              {'\n'}
            </span>
          ))}
        </pre>
        <textarea
          ref={field}
          id={id}
          value={value}
          wrap="off"
          spellCheck={false}
          autoComplete="off"
          aria-invalid={faults.length > 0}
          aria-describedby={`${id}-faults`}
          onChange={event => onChange(event.target.value)}
        />
      </div>
      <div id={`${id}-faults`} role="alert">
        <ul className="faults">
          {faults.map(({ line, message }) => (
            <li key={`${line} ${message}`}>
              <button type="button" className="link" onClick={() => goTo(line)}>
                {t.line(line)}
              </button>{' '}
              {message}
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}
