export const objectTexts = {
  about: 'Object',
  yaml: 'What is in force of it',
  nothingInForce: 'Nothing of it is in force.',
  conditions: 'Conditions',
  problems: 'Problems',
  usedBy: 'Used by',
  notUsed: 'No other object refers to it.',
  missing: 'There is no such object',
  missingHint: 'It may have been removed, or is not read by the roles that run.',
  source: 'Written in',
  held: 'Held back',
  role: 'Role',
  version: 'Version',
  noConditions: 'Its kind has no conditions, or nothing refers to it.',
  secrets: 'Secret values are left out.',
} as const

export const conditionsTexts = {
  good: 'good',
  bad: 'not good',
  type: 'Condition',
  reason: 'Reason',
  about: 'For',
} as const
