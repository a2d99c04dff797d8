import { Mark, type Tone } from '../../parts/mark.tsx'
import { consumersTexts } from '../../texts/consumers.ts'

type Status = keyof typeof consumersTexts.statuses

const tones: Readonly<Record<Status, Tone>> = {
  active: 'good',
  upcoming: 'quiet',
  pending: 'accent',
  suspended: 'warn',
  expired: 'bad',
  revoked: 'bad',
  rejected: 'bad',
  cancelled: 'quiet',
}

export function StatusMark({ status }: { readonly status: Status }) {
  return <Mark tone={tones[status]}>{consumersTexts.statuses[status]}</Mark>
}
