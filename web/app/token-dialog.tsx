import { useState, type SubmitEvent } from 'react'
import { everythingChanged } from '../api/queries.ts'
import { useStore } from '../api/store.ts'
import { keepToken, tokenWanted } from '../api/token.ts'
import { Dialog } from '../parts/dialog.tsx'
import { texts } from '../texts.ts'

/** Asks for the token where /v1 has answered 401. */
export function TokenDialog() {
  const wanted = useStore(tokenWanted)
  const [text, setText] = useState('')
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (text.trim() === '') return
    keepToken(text.trim())
    setText('')
    everythingChanged()
  }
  return (
    <Dialog open={wanted !== 'no'} onClose={null} title={texts.token.title}>
      <form onSubmit={submit} className="token">
        <p>{texts.token.text}</p>
        <p>
          {texts.token.where} <code>admin-token</code> {texts.token.whereMore}
        </p>
        <label className="field tall">
          <span>{texts.token.label}</span>
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
          {wanted === 'refused' ? texts.token.refused : texts.token.kept}
        </p>
        <button type="submit" className="main">
          {texts.token.submit}
        </button>
      </form>
    </Dialog>
  )
}
