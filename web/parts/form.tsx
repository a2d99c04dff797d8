import { useMutation } from '@tanstack/react-query'
import { useId, type ReactNode, type SubmitEvent } from 'react'
import { Dialog } from './dialog.tsx'
import { formTexts } from '../texts/common.ts'

interface Props<T> {
  readonly title: string
  readonly submit: string
  /** Of what cannot be taken back. */
  readonly danger?: boolean
  readonly onClose: () => void
  /** Rejects with what is wrong, which is told. */
  readonly onSubmit: () => Promise<T>
  /** What comes of it, in place of closing. */
  readonly onDone?: (done: T) => void
  readonly children: ReactNode
}

/** A form in a dialog: it stays, with what was typed, until it was taken. */
export function FormDialog<T>(props: Props<T>) {
  const { title, submit, danger = false, onClose, onSubmit, onDone = onClose, children } = props
  const sending = useMutation({ mutationFn: onSubmit, onSuccess: done => onDone(done) })
  const onFormSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    // A second press while the first is on its way would do it twice.
    if (!sending.isPending) sending.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={title}>
      <form className="form" onSubmit={onFormSubmit}>
        {children}
        <p role="alert" className={sending.error === null ? 'hidden' : 'bad'}>
          {sending.error?.message}
        </p>
        <div className="form-end">
          <button type="button" onClick={onClose}>
            {formTexts.cancel}
          </button>
          <button type="submit" className={danger ? 'main danger' : 'main'} aria-disabled={sending.isPending}>
            {sending.isPending ? formTexts.sending : submit}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly hint?: string
  readonly required?: boolean
  readonly pattern?: string
  readonly type?: 'text' | 'password' | 'email' | 'date'
  /** What is there already. */
  readonly options?: readonly string[]
  readonly placeholder?: string
}

export function TextField(props: FieldProps) {
  const { label, value, onChange, hint, required = false, pattern, type = 'text', options = [] } = props
  const id = useId()
  return (
    <div className="field tall">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        required={required}
        pattern={pattern}
        // Shown where the pattern is not met.
        title={pattern === undefined ? undefined : hint}
        placeholder={props.placeholder}
        list={options.length === 0 ? undefined : `${id}-options`}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        autoComplete="off"
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
      />
      {hint === undefined ? null : <small id={`${id}-hint`}>{hint}</small>}
      {options.length === 0 ? null : (
        <datalist id={`${id}-options`}>
          {options.map(option => (
            <option key={option}>{option}</option>
          ))}
        </datalist>
      )}
    </div>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, text: string])[]
  readonly onChange: (value: string) => void
  readonly hint?: ReactNode
}

export function ChoiceField({ label, value, options, onChange, hint }: ChoiceProps) {
  const id = useId()
  return (
    <div className="field tall">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={event => onChange(event.target.value)}
      >
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
      {hint === undefined ? null : <small id={`${id}-hint`}>{hint}</small>}
    </div>
  )
}
