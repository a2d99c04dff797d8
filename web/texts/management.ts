/** Of everything that is recorded. */
export const managementTexts = {
  name: 'Name',
  nameHint: 'Lower-case letters, digits and “-”.',
  title: 'Title',
  status: 'Status',
  created: 'Since',
  organization: 'Organization',
  about: 'About',
  make: 'Make it',
  delete: 'Delete',
  deleteTitle: (what: string) => `Delete ${what}?`,
  deleteIt: 'Delete it',
  notBack: 'It cannot be taken back.',
  actions: 'Actions',
  shown: 'What is shown',
  noneOf: 'None with this filter',
  older: 'More',
  more: 'There are more; the command portcullis lists all of them.',
} as const

export const statusTexts = {
  active: 'active',
  upcoming: 'not yet',
  expired: 'expired',
  revoked: 'revoked',
  suspended: 'suspended',
  disabled: 'disabled',
  pending: 'waits for approval',
  rejected: 'rejected',
  cancelled: 'cancelled',
} as const

export const writeTexts = {
  needed: 'Without a token this is only read, on the gateway’s own machine too.',
  button: 'Use a token to change this',
  look: 'Use a token',
  closed: 'This needs a token',
  closedWhy: 'It is shown to administrators alone, on the gateway’s own machine too.',
  forbidden: 'Your roles do not show this',
  forbiddenWhy: 'An administrator has it, or can give a role that has.',
} as const
