import type { Application } from '../../api/shapes/application.ts'
import type { Credential } from '../../api/shapes/credential.ts'
import type { Subscription } from '../../api/shapes/subscription.ts'
import { proposal } from '../../model/nearest.ts'
import { CommandFailure, type Given } from '../command/flag.ts'
import { account } from './flags.ts'
import { applicationName, isId } from './operands.ts'
import { all, ask, type Session } from './session.ts'
import { objectName } from './texts.ts'

/** Of `NAME`, `ACCOUNT/NAME` or an id. A name alone that several accounts have is refused with what they are called. */
export async function findApplication(session: Session, given: Given, text: string): Promise<Application> {
  if (isId(text)) return ask<Application>(session, 'GET', `/v1/applications/${text}`)
  const { account: of, name } = applicationName(text, given.get(account))
  const within = { ...session.within, ...(of !== '' && { account: of }) }
  const known = await all<Application>(session, '/v1/applications', within)
  const found = known.filter(one => one.name === name)
  if (found.length === 1) return found[0]!
  if (found.length > 1)
    throw new CommandFailure(
      `several accounts have an application "${name}", expected one of ${found.map(fullName).join(', ')}`,
    )
  throw new CommandFailure(
    `there is no application "${name}"${of === '' ? '' : ` in account ${of}`}${proposal(
      name,
      known.map(one => one.name),
    )}; those there are: portcullis apps list`,
  )
}

export function fullName({ account: { name: of }, name }: Application): string {
  return `${of}/${name}`
}

/** Of an id; or of an application, the credential of that id, key id, prefix or label, or its only one that still counts. */
export async function findCredential(
  session: Session,
  given: Given,
  operands: readonly string[],
): Promise<Pick<Credential, 'id' | 'application'>> {
  const [first = '', key] = operands
  if (key === undefined && isId(first)) return ask<Credential>(session, 'GET', `/v1/credentials/${first}`)
  const application = await findApplication(session, given, first)
  const known = await all<Credential>(session, `/v1/applications/${application.id}/credentials`)
  const live = known.filter(({ status }) => status === 'active' || status === 'upcoming')
  const found = key === undefined ? live : known.filter(one => isCalled(one, key))
  if (found.length === 1) return found[0]!
  const hint = `see portcullis keys list ${application.name}`
  if (key !== undefined)
    throw new CommandFailure(
      `${found.length === 0 ? 'none' : `${found.length}`} of the keys of ${application.name} ${found.length > 1 ? 'are' : 'is'} called "${key}"; ${hint}`,
    )
  throw new CommandFailure(
    `${application.name} has ${found.length === 0 ? 'no key that counts' : `${found.length} keys, expected which one`}; ${hint}`,
  )
}

function isCalled({ id, keyId, prefix, name }: Credential, text: string): boolean {
  return id === text || keyId === text || name === text || (prefix !== '' && text.startsWith(prefix))
}

const LIVE = ['pending', 'active', 'suspended']

/** Of an id; or of an application and a product, that which has not ended. */
export async function findSubscription(
  session: Session,
  given: Given,
  operands: readonly string[],
): Promise<Pick<Subscription, 'id'>> {
  const [first = '', product] = operands
  if (product === undefined && isId(first)) return { id: first }
  const application = await findApplication(session, given, first)
  const known = await all<Subscription>(session, '/v1/subscriptions', { application: application.id })
  const live = known.filter(({ status }) => LIVE.includes(status))
  const found =
    product === undefined ? live : live.filter(one => objectName(one.product) === objectName(product))
  if (found.length === 1) return found[0]!
  const has = live.map(one => objectName(one.product))
  throw new CommandFailure(
    found.length > 1
      ? `${application.name} has several subscriptions, expected which product: ${has.join(', ')}`
      : `${application.name} has no subscription${product === undefined ? '' : ` to ${product}${proposal(product, has)}`}; see portcullis subscriptions list`,
  )
}
