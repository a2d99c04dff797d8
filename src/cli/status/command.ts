import { adminClient } from '../command/admin-client.ts'
import type { Command } from '../command/flag.ts'
import { adminUrl, data, output, token } from '../command/flags.ts'

export const status: Command = {
  name: 'status',
  operands: '',
  summary: 'Say whether a gateway serves, what it serves, and what is wrong with it.',
  details: [
    'The gateway is the one of this user with the same --data, which is asked by its socket, or the one whose admin listener is named.',
    'Of another machine: portcullis status --admin https://gateway.example:8900 --token @FILE',
    'In a script: portcullis status -o json | jq .problems',
    'The exit code is 0 where it serves, 1 where it does not (yet, or any more), 2 where there is no gateway to ask, and for wrong use.',
  ],
  flags: [output, data, adminUrl, token],
  run: async given => {
    const { status: tell } = await import('./status.ts')
    return tell(adminClient(given), given.get(output))
  },
}
