import { Empty } from '../../parts/answers.tsx'
import { words } from '../../words.ts'

const t = words.apis

export function Nothing({ of }: { readonly of: keyof typeof t.nothingOf }) {
  return (
    <Empty title={t.nothingOf[of]}>
      <p>{t.nothingOfHint[of]}</p>
    </Empty>
  )
}
