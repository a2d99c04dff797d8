import { count } from '../format.ts'

export const commonTexts = {
  product: 'Portcullis',
  skip: 'Skip to the content',
  waiting: 'Loading',
  navigation: 'Views',
  menu: 'Open the menu',
  close: 'Close',
  all: 'All',
  any: 'any',
  none: 'none',
  show: 'Show',
  perSecond: '/s',
} as const

export const failedTexts = { title: 'The gateway did not answer this', again: 'Ask again' } as const

export const formTexts = {
  cancel: 'Cancel',
  sending: 'One moment…',
  copy: 'Copy',
  copied: 'Copied',
  selected: 'Selected: Ctrl+C copies it',
  kept: 'I have kept it',
} as const

export const tableTexts = {
  shown: (shown: number, total: number) => `${count(shown)} of ${count(total)} rows are loaded`,
  count: (shown: number, total: number | undefined, noun: string) =>
    total === undefined || total === shown ? `${count(shown)} ${noun}` : `${count(total)} ${noun}`,
} as const

export const plotTexts = { asTable: 'As a table', time: 'Time', nothing: 'nothing recorded yet' } as const
