import { count } from '../format.ts'
import { limitTexts } from './limit.ts'

/** What is left of the limits of a subscription. */
export const leftTexts = {
  title: 'What is left',
  of: (left: number, amount: number, unit: keyof typeof limitTexts.units, per: string) =>
    `${count(left)} of ${count(amount)} ${limitTexts.units[unit]} ${per}`,
  atOnce: 'at once',
  lifetime: limitTexts.lifetime,
  this: (per: string) => `this ${per}`,
  operation: (id: string) => `for ${id}`,
  renews: (when: string) => `renews ${when}`,
  flagged: 'used up: flagged',
  none: 'used up',
  unknown: 'as this gateway knew it last: the common counters do not answer',
  noLimit: 'no limit',
  more: (n: number) => `${count(n)} more have more left`,
} as const
