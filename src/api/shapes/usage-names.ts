/** By what usage is told apart, can be grouped, and chosen. */
export const usageDimensions = [
  'api',
  'version',
  'operation',
  'subscription',
  'application',
  'account',
  'product',
  'plan',
  'outcome',
  'status',
  'latency',
  'overQuota',
  'credential',
] as const

export type UsageDimension = (typeof usageDimensions)[number]

export const usageSteps = ['minute', 'hour', 'day', 'total'] as const
export type UsageStep = (typeof usageSteps)[number]
