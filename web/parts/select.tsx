interface Props {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, text: string])[]
  readonly onChange: (value: string) => void
}

/** The system's own: it works by touch, keys and screen readers, and needs nothing of us. */
export function Select({ label, value, options, onChange }: Props) {
  return (
    <label className="field">
      <span className="hidden">{label}</span>
      <select value={value} onChange={event => onChange(event.target.value)}>
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}
