import { Mark, type Tone } from '../../parts/mark.tsx'
import { statusTexts } from '../../texts/management.ts'

export type RecordStatus = keyof typeof statusTexts

const tones: Readonly<Record<RecordStatus, Tone>> = {
  active: 'good',
  upcoming: 'quiet',
  pending: 'accent',
  suspended: 'warn',
  disabled: 'warn',
  expired: 'bad',
  revoked: 'bad',
  rejected: 'bad',
  cancelled: 'quiet',
}

export function StatusMark({ status }: { readonly status: RecordStatus }) {
  return <Mark tone={tones[status]}>{statusTexts[status]}</Mark>
}
