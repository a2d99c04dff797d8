import { useMutation } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import type { ObjectChange } from '../../../src/api/shapes/declared-object.ts'
import { everythingChanged } from '../../api/queries.ts'
import { ObjectLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Panel } from '../../parts/page.tsx'
import { formTexts } from '../../texts/common.ts'
import { declaredTexts as t } from '../../texts/declared.ts'
import { check, Faults, save, type Known } from './write.ts'
import { YamlField } from './yaml-field.tsx'

interface Props {
  readonly text: string
  /** The object as it was read; null of a new one. */
  readonly read: Known | null
}

/** An object as text: checked, and saved, with what is wrong at the lines that it is about. */
export function Editor({ text: first, read }: Props) {
  const [text, setText] = useState(first)
  const [known, setKnown] = useState(read)
  const sending = useMutation({
    mutationFn: (how: 'check' | 'save') => (how === 'check' ? check(text) : save(text, known)),
    onSuccess: saved => {
      if (saved === null) return
      setKnown(saved.known)
      everythingChanged()
    },
  })
  const { error, data, isPending } = sending
  const send = (how: 'check' | 'save') => {
    if (!isPending) sending.mutate(how)
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    send('save')
  }
  const edit = (next: string) => {
    setText(next)
    sending.reset()
  }
  return (
    <Panel title={t.object}>
      <form className="form" onSubmit={submit}>
        <YamlField
          label={t.text}
          value={text}
          onChange={edit}
          faults={error instanceof Faults ? error.faults : []}
        />
        {error === null || error instanceof Faults ? null : (
          <p role="alert" className="bad">
            {error.message}
          </p>
        )}
        <div role="status">
          {data === undefined ? null : data === null ? t.checked : <Came change={data.change} />}
        </div>
        <div className="form-end">
          <button type="button" onClick={() => send('check')}>
            {t.check}
          </button>
          <button type="submit" className="main" aria-disabled={isPending}>
            {isPending ? formTexts.sending : t.save}
          </button>
        </div>
      </form>
    </Panel>
  )
}

/** What came of it: an object may be right by itself, and name what is not there. */
function Came({ change: { object, problems, conditions } }: { readonly change: ObjectChange }) {
  const bad = conditions.filter(({ good }) => !good)
  const isWhole = bad.length === 0 && problems.every(({ severity }) => severity !== 'error')
  const told = [
    ...problems.map(({ message }) => message),
    ...bad.map(({ reason, message }) => `${reason}: ${message}`),
  ]
  return (
    <>
      <p>
        <Mark tone={isWhole ? 'good' : 'warn'}>{isWhole ? t.saved : t.trouble}</Mark>
      </p>
      <ObjectLink object={object} />
      <ul className="tight">
        {[...new Set(told)].map(one => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </>
  )
}
