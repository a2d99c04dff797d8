import { useRef, useState } from 'react'
import { formTexts } from '../texts/common.ts'
import { Dialog } from './dialog.tsx'
import { Icon } from './icon.tsx'

/** A secret that is shown this once, to be copied. */
export function SecretDialog({
  title,
  secret,
  note,
  onClose,
}: {
  readonly title: string
  readonly secret: string
  readonly note: string
  readonly onClose: () => void
}) {
  return (
    <Dialog open onClose={onClose} title={title}>
      <div className="form">
        <p>{note}</p>
        <Secret label={title} secret={secret} />
        <div className="form-end">
          <button type="button" className="main" onClick={onClose}>
            {formTexts.kept}
          </button>
        </div>
      </div>
    </Dialog>
  )
}

export function Secret({ label, secret }: { readonly label: string; readonly secret: string }) {
  const field = useRef<HTMLInputElement>(null)
  const [done, setDone] = useState<string | null>(null)
  const copy = () => {
    field.current?.select()
    // Pages that are neither of this machine nor by HTTPS have no clipboard; then it is selected, for the keys.
    if (!window.isSecureContext) return setDone(formTexts.selected)
    void navigator.clipboard.writeText(secret).then(
      () => setDone(formTexts.copied),
      () => setDone(formTexts.selected),
    )
  }
  return (
    <div className="secret">
      <input
        ref={field}
        className="mono"
        readOnly
        value={secret}
        aria-label={label}
        onFocus={event => event.target.select()}
      />
      <button type="button" onClick={copy}>
        {done === formTexts.copied ? <Icon name="check" /> : null}
        <span aria-live="polite">{done ?? formTexts.copy}</span>
      </button>
    </div>
  )
}
