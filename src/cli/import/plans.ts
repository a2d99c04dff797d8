import { head } from '../proxy/resources.ts'

export interface ExamplePlan {
  readonly name: string
  readonly object: object
  readonly about: string
  readonly notes: readonly (readonly [path: readonly (string | number)[], note: string])[]
}

/** Two to begin with: one that anybody may have, and one that somebody says yes to. */
export function plans(api: string): readonly [free: ExamplePlan, gold: ExamplePlan] {
  return [free(`${api}-free`), gold(`${api}-gold`)]
}

const LIMITS = ['spec', 'limits']

function free(name: string): ExamplePlan {
  return {
    name,
    object: {
      ...head('portcullis.dev/v1alpha1', 'Plan', name),
      spec: {
        title: 'Free',
        limits: [
          { name: 'burst', kind: 'Rate', amount: 5, per: 'Second', burst: 10 },
          { name: 'daily', kind: 'Quota', amount: 1000, per: 'Day' },
        ],
      },
    },
    about:
      '# For trying out: a subscription is active at once. Limits count for the subscription, whatever keys it has.',
    notes: [
      [[...LIMITS, 0], 'five a second, ten at once'],
      [[...LIMITS, 1], 'from midnight to midnight UTC'],
    ],
  }
}

function gold(name: string): ExamplePlan {
  return {
    name,
    object: {
      ...head('portcullis.dev/v1alpha1', 'Plan', name),
      spec: {
        title: 'Gold',
        approval: 'Manual',
        limits: [
          { name: 'burst', kind: 'Rate', amount: 50, per: 'Second', burst: 100 },
          { name: 'monthly', kind: 'Quota', amount: 1_000_000, per: 'Month', anchor: 'Subscription' },
        ],
      },
    },
    about: '# For those who pay: somebody approves a subscription (portcullis subscriptions approve).',
    notes: [[[...LIMITS, 1], 'months of the subscription']],
  }
}
