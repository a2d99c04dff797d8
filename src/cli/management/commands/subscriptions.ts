import type { Command, CommandGroup } from '../../command/flag.ts'
import { account, asking, limit, organization, reason } from '../flags.ts'
import { application, plan, product, status } from './subscriptions-flags.ts'

const APP = 'APP is NAME, ACCOUNT/NAME where several accounts have one of that name, or an id.'
const WHICH =
  'It is named by its id, or by its application and product; the product may be left out where the application has one subscription that has not ended.'

const create: Command = {
  name: 'subscriptions create',
  operands: 'APP PRODUCT',
  summary: 'Have an application use a product on a plan; limits count for the subscription.',
  details: [APP, 'It is pending where the plan wants approval, and active otherwise.'],
  examples: ['portcullis subscriptions create my-app petstore --plan petstore-free'],
  flags: [plan, account, organization, ...asking],
  run: async given => (await import('../subscriptions.ts')).create(given, create),
}

const list: Command = {
  name: 'subscriptions list',
  operands: '',
  summary: 'List subscriptions, the oldest first.',
  details: [],
  examples: [
    'portcullis subscriptions list --status pending',
    'portcullis subscriptions list --product petstore -o json',
  ],
  flags: [
    application,
    product,
    { ...plan, help: 'Only those on this plan.' },
    status,
    { ...account, help: 'Only those of applications of this account.' },
    limit,
    organization,
    ...asking,
  ],
  run: async given => (await import('../subscriptions.ts')).list(given, list),
}

const show: Command = {
  name: 'subscriptions show',
  operands: 'ID | APP [PRODUCT]',
  summary: 'Show a subscription, and what is left of its limits.',
  details: [WHICH, 'Nothing is taken of the limits by asking.'],
  flags: [account, organization, ...asking],
  run: async given => (await import('../subscriptions.ts')).show(given, show),
}

const change: Command = {
  name: 'subscriptions change',
  operands: 'ID | APP [PRODUCT]',
  summary: 'Have a subscription go on with another plan of its product.',
  details: [WHICH],
  examples: ['portcullis subscriptions change my-app petstore --plan petstore-gold'],
  flags: [plan, account, organization, ...asking],
  run: async given => (await import('../subscriptions.ts')).change(given, change),
}

/** What becomes of one, and why. */
function verb(word: string, summary: string, example: string): Command {
  const command: Command = {
    name: `subscriptions ${word}`,
    operands: 'ID | APP [PRODUCT]',
    summary,
    details: [WHICH],
    examples: [`portcullis subscriptions ${word} ${example}`],
    flags: [reason, account, organization, ...asking],
    run: async given => (await import('../subscriptions.ts')).become(given, command, word),
  }
  return command
}

/** `portcullis subscriptions`. */
export const subscriptions: CommandGroup = {
  name: 'subscriptions',
  summary: 'Which application uses which product, on which plan:',
  commands: [
    create,
    list,
    show,
    verb('approve', 'Have a subscription that is pending become active.', 'my-app petstore'),
    verb('reject', 'Have one that is pending end, and say why.', "my-app petstore --reason 'no contract'"),
    verb('suspend', 'Have its application be refused, until it is resumed.', "my-app --reason 'unpaid'"),
    verb('resume', 'Have one that is suspended go on.', 'my-app'),
    verb('cancel', 'Have a subscription end for good.', 'my-app petstore'),
    change,
  ],
}
