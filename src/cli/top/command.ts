import type { Command } from '../command/flag.ts'
import { adminUrl, data, output, token } from '../command/flags.ts'

export const top: Command = {
  name: 'top',
  operands: '',
  summary: 'Show what goes on in a running gateway: requests, errors, times, by route and cluster.',
  details: [
    'On a terminal the screen is shown anew each second, until q or Ctrl-C; elsewhere it is shown once. ' +
      'Clusters of which an endpoint is out, or requests wait, stand first.',
    'With -o json there is a line for each second, or one where standard output is no terminal: portcullis top -o json | jq .totals',
    'Without --admin it asks the gateway of --data on this machine.',
  ],
  flags: [output, data, adminUrl, token],
  run: async given => {
    const { top: show } = await import('./top.ts')
    return show(given)
  },
}
