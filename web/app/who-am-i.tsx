import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Me } from '../../src/api/shapes/user.ts'
import { useMe } from '../api/me.ts'
import { askForToken } from '../api/token.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Facts } from '../parts/page.tsx'
import { tokenTexts as t } from '../texts/token.ts'

/** By what one is let in, and as whom. */
export function WhoAmI() {
  const me = useMe()
  const [open, setOpen] = useState(false)
  if (me === undefined) return null
  return (
    <>
      <button type="button" className="bare who" title={t.me} onClick={() => setOpen(true)}>
        <Icon name="consumers" /> {me.user?.name ?? t.ways[me.by]}
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t.me}>
        <div className="form">
          <Facts
            rows={[
              [t.meBy, t.ways[me.by]],
              [t.meUser, me.user === null ? null : me.user.name],
              [t.meRoles, me.user === null ? null : <Roles key="roles" me={me} />],
            ]}
          />
          <div className="form-end">
            {me.user === null ? null : (
              <Link
                className="button"
                to="/access/users/$id"
                params={{ id: me.user.id }}
                onClick={() => setOpen(false)}
              >
                {t.yourTokens}
              </Link>
            )}
            <button
              type="button"
              onClick={() => {
                setOpen(false)
                askForToken()
              }}
            >
              {t.askedTitle}
            </button>
          </div>
        </div>
      </Dialog>
    </>
  )
}

function Roles({ me: { bindings } }: { readonly me: Me }) {
  if (bindings.length === 0) return t.meNone
  return (
    <ul className="tight">
      {bindings.map(({ id, role, organization, of }) => (
        <li key={id}>
          {role}, {of?.name ?? organization?.name ?? t.everywhere}
        </li>
      ))}
    </ul>
  )
}
