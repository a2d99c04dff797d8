import { useState, type SubmitEvent } from 'react'
import { everythingChanged } from '../api/queries.ts'
import { useStore } from '../api/store.ts'
import {
  askForToken,
  dropToken,
  forgetToken,
  keepToken,
  tokenWanted,
  type TokenWanted,
} from '../api/token.ts'
import { Dialog } from '../parts/dialog.tsx'
import { tokenTexts as t } from '../texts/token.ts'
import { SetupForm } from './setup-form.tsx'

/** Asks for the token where /v1 has answered 401, or where somebody wants to change something. */
export function TokenDialog() {
  const wanted = useStore(tokenWanted)
  const [chosen, setSetting] = useState(false)
  const setting = chosen || wanted === 'setup'
  const close = () => {
    setSetting(false)
    // Without one the views may be open: what was not accepted is not sent any more.
    if (wanted === 'refused') forgetToken()
    dropToken()
    everythingChanged()
  }
  const back = () => {
    setSetting(false)
    if (wanted === 'setup') askForToken()
  }
  return (
    <Dialog
      open={wanted !== 'no'}
      onClose={wanted === 'missing' ? null : close}
      title={setting ? t.setupTitle : wanted === 'asked' ? t.askedTitle : t.title}
    >
      {setting ? (
        <SetupForm onBack={back} onDone={() => setSetting(false)} />
      ) : (
        <TokenForm wanted={wanted} onSetup={() => setSetting(true)} />
      )}
    </Dialog>
  )
}

interface Props {
  readonly wanted: TokenWanted
  readonly onSetup: () => void
}

function TokenForm({ wanted, onSetup }: Props) {
  const [text, setText] = useState('')
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (text.trim() === '') return
    keepToken(text.trim())
    setText('')
    everythingChanged()
  }
  return (
    <form onSubmit={submit} className="token">
      <p>{wanted === 'asked' ? t.askedText : t.text}</p>
      <p>
        {t.own} <code>portcullis tokens create</code>. {t.where} <code>admin-token</code> {t.whereMore}
      </p>
      <label className="field tall">
        <span>{t.label}</span>
        <input
          type="password"
          autoComplete="off"
          value={text}
          aria-invalid={wanted === 'refused'}
          aria-describedby="token-note"
          onChange={event => setText(event.target.value)}
        />
      </label>
      <p
        id="token-note"
        role={wanted === 'refused' ? 'alert' : undefined}
        className={wanted === 'refused' ? 'bad' : 'note'}
      >
        {wanted === 'refused' ? t.refused : t.kept}
      </p>
      <div className="form-end">
        <button type="button" onClick={onSetup}>
          {t.setup}
        </button>
        <button type="submit" className="main">
          {t.submit}
        </button>
      </div>
    </form>
  )
}
