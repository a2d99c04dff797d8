import * as ToggleGroup from '@radix-ui/react-toggle-group'
import type { ReactNode } from 'react'

interface Props<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly { readonly value: T; readonly text: ReactNode; readonly label?: string }[]
  readonly onChange: (value: T) => void
}

/** One of a few, all of which are seen. */
export function Toggle<T extends string>({ label, value, options, onChange }: Props<T>) {
  return (
    <ToggleGroup.Root
      type="single"
      className="toggle"
      aria-label={label}
      value={value}
      // Radix gives "" when the one that is chosen is pressed again.
      onValueChange={next => next !== '' && onChange(next as T)}
    >
      {options.map(option => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          aria-label={option.label}
          title={option.label}
        >
          {option.text}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
