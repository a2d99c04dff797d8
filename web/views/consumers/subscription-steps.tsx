import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { plansQuery, productsQuery } from '../../api/catalog.ts'
import { change } from '../../api/recorded.ts'
import type { Needed } from '../../api/me.ts'
import type { Subscription } from '../../../src/api/shapes/subscription.ts'
import { ChoiceField, FormDialog, TextField } from '../../parts/form.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { short } from '../apis/apis.tsx'
import { PlanHint } from './plan-hint.tsx'

export type StepName = 'approve' | 'reject' | 'suspend' | 'resume' | 'cancel'

const approves = 'subscriptions:approve'
const steps: Readonly<Record<Subscription['status'], readonly (readonly [StepName, Needed])[]>> = {
  pending: [
    ['approve', approves],
    ['reject', approves],
  ],
  active: [
    ['suspend', approves],
    ['cancel', 'subscriptions:write'],
  ],
  suspended: [
    ['resume', approves],
    ['cancel', 'subscriptions:write'],
  ],
  rejected: [],
  cancelled: [],
}

/** What may become of one, and what whoever does it must be allowed to do. */
export function stepsOf(status: Subscription['status']) {
  return steps[status]
}

interface Props {
  readonly subscription: Subscription
  readonly onClose: () => void
}

const whatOf = ({ application, product, plan }: Subscription): string =>
  `${application.name} → ${short(product)}, ${short(plan)}`

export function Step({ step, subscription, onClose }: Props & { readonly step: StepName }) {
  const [reason, setReason] = useState('')
  const told = step === 'reject' || step === 'suspend' || step === 'cancel' ? step : null
  const title = t.stepTitle(t[step], whatOf(subscription))
  const body = reason === '' ? {} : { reason }
  return (
    <FormDialog
      title={title}
      submit={step === 'cancel' ? t.cancelIt : t[step]}
      danger={told !== null}
      onClose={onClose}
      onSubmit={() => change('POST', `/v1/subscriptions/${subscription.id}/${step}`, body)}
    >
      {told === null ? null : (
        <>
          <p>{t.stepTexts[told]}</p>
          <TextField label={t.reason} value={reason} onChange={setReason} hint={t.reasonHint} />
        </>
      )}
    </FormDialog>
  )
}

export function ChangePlan({ subscription, onClose }: Props) {
  const [plan, setPlan] = useState(subscription.plan)
  const products = useQuery(productsQuery).data?.items ?? []
  const plans = useQuery(plansQuery).data?.items ?? []
  const product = products.find(({ namespace, name }) => `${namespace}/${name}` === subscription.product)
  const whole = plans.find(({ namespace, name }) => `${namespace}/${name}` === plan)
  return (
    <FormDialog
      title={t.stepTitle(t.changePlan, whatOf(subscription))}
      submit={t.changePlan}
      onClose={onClose}
      onSubmit={() => change('PATCH', `/v1/subscriptions/${subscription.id}`, { plan })}
    >
      <ChoiceField
        label={t.plan}
        value={plan}
        options={(product?.plans ?? [subscription.plan]).map(name => [name, short(name)] as const)}
        onChange={setPlan}
        hint={whole === undefined ? undefined : <PlanHint plan={whole} />}
      />
    </FormDialog>
  )
}
