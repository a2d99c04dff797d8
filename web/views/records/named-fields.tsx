import { TextField } from '../../parts/form.tsx'
import { managementTexts as t } from '../../texts/management.ts'

// A pattern of HTML has the flag v: a "-" in a class is escaped.
export const NAME = '[a-z0-9]([\\-a-z0-9]{0,61}[a-z0-9])?'

export interface Named {
  readonly name: string
  readonly title: string
}

export const noName: Named = { name: '', title: '' }

interface Props {
  readonly value: Named
  readonly onChange: (value: Named) => void
}

/** What everything that is recorded has: a name, and a title for people. */
export function NamedFields({ value, onChange }: Props) {
  return (
    <>
      <TextField
        label={t.name}
        value={value.name}
        onChange={name => onChange({ ...value, name })}
        required
        pattern={NAME}
        hint={t.nameHint}
      />
      <TextField label={t.title} value={value.title} onChange={title => onChange({ ...value, title })} />
    </>
  )
}
