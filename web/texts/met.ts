/** What requests meet on their way. */
export const metTexts = {
  onListener: (names: string) => `On the listeners ${names}, with all other requests`,
  onRule: 'On this rule',
  none: 'No policy is for all of its requests.',
  gateway: 'What all of its requests meet',
} as const
