import { useEffect, useId, useRef, useState } from 'react'
import { Icon } from './icon.tsx'

const TYPING_MS = 200

interface Props {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  /** The page's first filter, which "/" goes to. */
  readonly first?: boolean
  /** What could be meant: exact names. */
  readonly options?: readonly string[]
}

/** Text to look for; told when typing pauses. */
export function FilterField({ label, value, onChange, first = false, options = [] }: Props) {
  const [text, setText] = useState(value)
  const told = useRef(value)
  const list = useId()
  useEffect(() => {
    if (value !== told.current) setText(value)
    told.current = value
  }, [value])
  useEffect(() => {
    if (text === told.current) return
    const timer = setTimeout(() => {
      told.current = text
      onChange(text)
    }, TYPING_MS)
    return () => clearTimeout(timer)
  }, [text, onChange])
  return (
    <label className="field search">
      <Icon name="search" />
      <span className="hidden">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={text}
        data-first-filter={first ? '' : undefined}
        list={options.length === 0 ? undefined : list}
        spellCheck={false}
        autoComplete="off"
        onChange={event => setText(event.target.value)}
        onKeyDown={event => event.key === 'Escape' && setText('')}
      />
      {options.length === 0 ? null : (
        <datalist id={list}>
          {options.map(option => (
            <option key={option}>{option}</option>
          ))}
        </datalist>
      )}
      {first ? <kbd aria-hidden="true">/</kbd> : null}
    </label>
  )
}
