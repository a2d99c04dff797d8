import type { Command } from '../../command/flag.ts'
import { adminUrl, data, token } from '../../command/flags.ts'
import { organization } from '../flags.ts'
import { application, by, ofAccount, rows, since, step, until, usageOutput, values } from './usage-flags.ts'

/** `portcullis usage`. */
export const usage: Command = {
  name: 'usage',
  operands: '',
  summary: 'Say what was used: by whom, of what, and how it ended.',
  details: [
    'DENIED are requests that the gateway has refused, ERRORS those that the backend or the gateway has failed. Both are among REQUESTS.',
    'Of all the time, rows with most requests come first. Times are moved outwards to where a step begins, and hours and days are of UTC.',
    'What is left of the limits of a plan: portcullis explain --running -H "X-API-Key: KEY" GET URL',
  ],
  examples: [
    'portcullis usage --by plan,status --since 7d',
    'portcullis usage --application acme/mobile --by operation --step hour',
    'portcullis usage --by account,api --since 2027-01-01 --until 2027-02-01 -o csv > january.csv',
  ],
  flags: [
    by,
    step,
    since,
    until,
    application,
    ofAccount,
    ...values.map(({ flag }) => flag),
    rows,
    organization,
    usageOutput,
    adminUrl,
    token,
    data,
  ],
  run: async given => (await import('../usage.ts')).usage(given, usage),
}
