import { useState } from 'react'
import { change } from '../../api/recorded.ts'
import type { Credential, CredentialWithKey } from '../../../src/api/shapes/credential.ts'
import { ChoiceField, FormDialog, TextField } from '../../parts/form.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { endOf } from '../records/end-of.ts'

const kinds = Object.entries(t.kinds)

interface Props {
  readonly application: string
  readonly onClose: () => void
  readonly onMade: (made: CredentialWithKey) => void
}

const none = { label: '', scopes: '', days: '', user: '', subject: '', issuer: '', clientId: '' }

export function NewCredential({ application, onClose, onMade }: Props) {
  const [kind, setKind] = useState<Credential['kind']>('api-key')
  const [values, setValues] = useState(none)
  const set = (name: keyof typeof none) => (value: string) => setValues({ ...values, [name]: value })
  const make = () =>
    change<CredentialWithKey>('POST', `/v1/applications/${application}/credentials`, bodyOf(kind, values))
  return (
    <FormDialog
      title={t.newKey}
      submit={managementTexts.make}
      onClose={onClose}
      onSubmit={make}
      onDone={onMade}
    >
      <ChoiceField
        label={t.kind}
        value={kind}
        options={kinds}
        onChange={next => setKind(next as Credential['kind'])}
      />
      {kind === 'basic' ? (
        <TextField
          label={t.user}
          value={values.user}
          onChange={set('user')}
          required
          pattern="[A-Za-z0-9._~@+\-]+"
        />
      ) : null}
      {kind === 'certificate' ? (
        <TextField
          label={t.subject}
          value={values.subject}
          onChange={set('subject')}
          required
          hint={t.subjectHint}
        />
      ) : null}
      {kind === 'client' ? (
        <>
          <TextField
            label={t.issuer}
            value={values.issuer}
            onChange={set('issuer')}
            required
            hint={t.issuerHint}
          />
          <TextField label={t.clientId} value={values.clientId} onChange={set('clientId')} required />
        </>
      ) : null}
      <TextField label={t.label} value={values.label} onChange={set('label')} />
      <ChoiceField label={t.expires} value={values.days} options={t.ends} onChange={set('days')} />
      <TextField label={t.scopes} value={values.scopes} onChange={set('scopes')} hint={t.scopesHint} />
    </FormDialog>
  )
}

function bodyOf(kind: Credential['kind'], { label, scopes, days, ...of }: typeof none): object {
  const { user, subject, issuer, clientId } = of
  const names = { 'api-key': {}, basic: { user }, certificate: { subject }, client: { issuer, clientId } }
  return {
    kind,
    name: label.trim(),
    scopes: scopes.split(/\s+/).filter(scope => scope !== ''),
    expiresAt: endOf(days),
    ...names[kind],
  }
}
