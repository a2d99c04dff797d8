import { useState, type ReactNode } from 'react'
import type { Needed } from '../../api/me.ts'
import { Writes } from './writes.tsx'

interface Props {
  readonly needs: Needed | readonly Needed[]
  readonly text: string
  readonly main?: boolean
  /** Where others say already that it needs a token. */
  readonly quiet?: boolean
  /** The dialog that it opens. */
  readonly children: (close: () => void) => ReactNode
}

/** A button for who may do it, and the dialog that it opens. */
export function DialogButton({ needs, text, main = false, quiet = false, children }: Props) {
  const [open, setOpen] = useState(false)
  return (
    <Writes needs={needs} quiet={quiet}>
      <button type="button" className={main ? 'main' : undefined} onClick={() => setOpen(true)}>
        {text}
      </button>
      {open ? children(() => setOpen(false)) : null}
    </Writes>
  )
}
