import { useState } from 'react'
import { change } from '../../api/recorded.ts'
import type { Credential, CredentialWithKey } from '../../../src/api/shapes/credential.ts'
import { ChoiceField, FormDialog, TextField } from '../../parts/form.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { shownAs } from './credential-text.ts'

interface Props {
  readonly credential: Credential
  readonly onClose: () => void
}

export function Rotate({
  credential,
  onClose,
  onMade,
}: Props & { readonly onMade: (made: CredentialWithKey) => void }) {
  // A user has one password at a time.
  const overlaps = credential.kind === 'basic' ? t.overlaps.filter(([s]) => s === '0') : t.overlaps
  const [overlap, setOverlap] = useState<string>(overlaps[0]![0])
  const rotate = () =>
    change<CredentialWithKey>('POST', `/v1/credentials/${credential.id}/rotate`, {
      overlapS: Number(overlap),
    })
  return (
    <FormDialog
      title={t.rotateTitle(shownAs(credential))}
      submit={t.rotate}
      onClose={onClose}
      onSubmit={rotate}
      onDone={onMade}
    >
      <p>{t.rotateText}</p>
      <ChoiceField label={t.overlap} value={overlap} options={overlaps} onChange={setOverlap} />
    </FormDialog>
  )
}

export function Revoke({ credential, onClose }: Props) {
  const [reason, setReason] = useState('')
  return (
    <FormDialog
      title={t.revokeTitle(shownAs(credential))}
      submit={t.revoke}
      danger
      onClose={onClose}
      onSubmit={() =>
        change('POST', `/v1/credentials/${credential.id}/revoke`, reason === '' ? {} : { reason })
      }
    >
      <p>{t.revokeText}</p>
      <TextField label={t.reason} value={reason} onChange={setReason} hint={t.reasonHint} />
    </FormDialog>
  )
}
