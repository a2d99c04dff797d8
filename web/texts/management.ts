export const managementTexts = {
  nameHint: 'Lower-case letters, digits and “-”.',
  change: 'Change',
  older: 'More',
  more: 'There are more; the command portcullis lists all of them.',
} as const

export const writeTexts = {
  needed: 'Without a token this is only read, on the gateway’s own machine too.',
  button: 'Use a token to change this',
  look: 'Use a token',
  audit: 'The audit needs a token',
  auditWhy: 'Who has changed what is shown to administrators alone, on the gateway’s own machine too.',
  forbidden: 'Your roles do not show this',
  forbiddenWhy: 'An administrator has it, or can give a role that has.',
} as const
