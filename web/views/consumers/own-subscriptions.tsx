import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { plansQuery, productsQuery } from '../../api/catalog.ts'
import { change, subscriptionsQuery } from '../../api/recorded.ts'
import type { Application } from '../../../src/api/shapes/application.ts'
import { Answer } from '../../parts/answers.tsx'
import { ChoiceField, FormDialog } from '../../parts/form.tsx'
import { Panel } from '../../parts/page.tsx'
import { commonTexts } from '../../texts/common.ts'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { short } from '../apis/apis.tsx'
import { PlanHint } from './plan-hint.tsx'
import { SubscriptionTable } from './subscriptions.tsx'
import { Writes } from '../records/writes.tsx'

export function OwnSubscriptions({ application }: { readonly application: Application }) {
  const query = useInfiniteQuery(subscriptionsQuery({ application: application.id }))
  const [open, setOpen] = useState(false)
  return (
    <Panel
      title={t.subscriptions}
      className="tabled"
      aside={
        <Writes needs="subscriptions:write">
          <button type="button" className="main" onClick={() => setOpen(true)}>
            {t.subscribe}
          </button>
        </Writes>
      }
    >
      <Answer query={query}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items).toReversed()
          return rows.length === 0 ? (
            <p className="note">{t.notSubscribed}</p>
          ) : (
            <SubscriptionTable rows={rows} own />
          )
        }}
      </Answer>
      {open ? <Subscribe application={application.id} onClose={() => setOpen(false)} /> : null}
    </Panel>
  )
}

interface Props {
  readonly application: string
  readonly onClose: () => void
}

function Subscribe({ application, onClose }: Props) {
  const products = (useQuery(productsQuery).data?.items ?? []).filter(({ plans }) => plans.length > 0)
  const plans = useQuery(plansQuery).data?.items ?? []
  const [product, setProduct] = useState('')
  const [plan, setPlan] = useState('')
  const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
    `${namespace}/${name}`
  const chosen = products.find(one => nameOf(one) === product) ?? products[0]
  const wanted = chosen?.plans.includes(plan) === true ? plan : (chosen?.plans[0] ?? '')
  const whole = plans.find(one => nameOf(one) === wanted)
  if (chosen === undefined)
    return (
      <FormDialog
        title={t.subscribeTitle}
        submit={commonTexts.close}
        onClose={onClose}
        onSubmit={async () => {}}
      >
        <p>{t.noProducts}</p>
      </FormDialog>
    )
  return (
    <FormDialog
      title={t.subscribeTitle}
      submit={t.subscribe}
      onClose={onClose}
      onSubmit={() =>
        change('POST', '/v1/subscriptions', { application, product: nameOf(chosen), plan: wanted })
      }
    >
      <ChoiceField
        label={t.product}
        value={nameOf(chosen)}
        options={products.map(one => [nameOf(one), short(nameOf(one))] as const)}
        onChange={setProduct}
      />
      <ChoiceField
        label={t.plan}
        value={wanted}
        options={chosen.plans.map(name => [name, short(name)] as const)}
        onChange={setPlan}
        hint={whole === undefined ? undefined : <PlanHint plan={whole} />}
      />
    </FormDialog>
  )
}
