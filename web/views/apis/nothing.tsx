import { Empty } from '../../parts/answers.tsx'
import { apisTexts as t } from '../../texts/apis.ts'

export function Nothing({ of }: { readonly of: keyof typeof t.nothingOf }) {
  return (
    <Empty title={t.nothingOf[of]}>
      <p>{t.nothingOfHint[of]}</p>
    </Empty>
  )
}
