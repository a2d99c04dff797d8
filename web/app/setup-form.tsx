import { useState, type SubmitEvent } from 'react'
import { useMutation } from '@tanstack/react-query'
import type { SetupDone } from '../../src/api/shapes/user.ts'
import { everythingChanged } from '../api/queries.ts'
import { askJson } from '../api/request.ts'
import { dropToken, replaceToken } from '../api/token.ts'
import { TextField } from '../parts/form.tsx'
import { Secret } from '../parts/secret.tsx'
import { formTexts } from '../texts/common.ts'
import { tokenTexts as t } from '../texts/token.ts'

interface Props {
  readonly onBack: () => void
  readonly onDone: () => void
}

/** Makes the first user, by the token that the first start has printed, and shows the user's own once. */
export function SetupForm({ onBack, onDone }: Props) {
  const [once, setOnce] = useState('')
  const [name, setName] = useState('')
  const setup = useMutation({
    mutationFn: () =>
      askJson<SetupDone>('/v1/setup', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: once.trim(), name }),
      }),
    // That of the operator counts no more: a view that asks again with it would be refused, and take this one's place.
    onSuccess: ({ token }) => token.secret !== null && replaceToken(token.secret),
  })
  const secret = setup.data?.token.secret ?? null
  if (secret !== null)
    return (
      <div className="token">
        <p>{t.setupDone(name)}</p>
        <Secret label={t.label} secret={secret} />
        <button
          type="button"
          className="main"
          onClick={() => {
            onDone()
            dropToken()
            everythingChanged()
          }}
        >
          {formTexts.kept}
        </button>
      </div>
    )
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (!setup.isPending) setup.mutate()
  }
  return (
    <form onSubmit={submit} className="token">
      <p>{t.setupText}</p>
      <TextField label={t.setupToken} type="password" value={once} onChange={setOnce} required />
      <TextField
        label={t.setupName}
        value={name}
        onChange={setName}
        required
        pattern="[a-z0-9]([\-a-z0-9]{0,61}[a-z0-9])?"
        hint={t.setupNameHint}
      />
      <p role="alert" className={setup.error === null ? 'hidden' : 'bad'}>
        {setup.error?.message}
      </p>
      <div className="form-end">
        <button type="button" onClick={onBack}>
          {t.setupBack}
        </button>
        <button type="submit" className="main">
          {t.setupSubmit}
        </button>
      </div>
    </form>
  )
}
