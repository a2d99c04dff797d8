import { Mark, type Tone } from '../../parts/mark.tsx'
import { words } from '../../words.ts'

type Status = keyof typeof words.consumers.statuses

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
  return <Mark tone={tones[status]}>{words.consumers.statuses[status]}</Mark>
}
