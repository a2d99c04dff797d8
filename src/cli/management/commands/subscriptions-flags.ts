import type { Flag } from '../../command/flag.ts'
import { oneOf } from '../../command/values.ts'
import { textFlag } from '../flags.ts'

export const plan = textFlag('plan', 'PLAN', 'The plan of the product; may be left out where that has one.')
export const application = textFlag('app', 'APP', 'Only those of this application.')
export const product = textFlag('product', 'PRODUCT', 'Only those to this product.')
const statuses = ['pending', 'active', 'suspended', 'rejected', 'cancelled'] as const
export const status: Flag<(typeof statuses)[number] | ''> = {
  name: 'status',
  placeholder: statuses.join('|'),
  fallback: '',
  help: 'Only those of this status.',
  parse: text => (text === '' ? '' : oneOf(...statuses)(text)),
}
