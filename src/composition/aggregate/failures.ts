import type { Static } from 'typebox'
import type { FailureRule } from '../routes/route.ts'
import type { failureRules as schema } from '../../model/kinds/aggregate/backend.ts'

/** The schema says what the engine takes. */
export const failureRules = (rules: Static<typeof schema> = []): readonly FailureRule[] =>
  rules as readonly FailureRule[]
