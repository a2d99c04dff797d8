import type { Actor, Store } from '../store.ts'

export const actor: Actor = { actor: 'user:test', by: 'test', request: 'req-1' }

/** An account with an application that has a key and a subscription. */
export function consumer(store: Store) {
  return store.change(actor, async tx => {
    const organization = (await tx.organizations.find({ name: 'default' }))!
    const account = await tx.accounts.insert({
      organization: organization.id,
      name: 'acme',
      title: 'Acme',
      status: 'active',
    })
    const application = await tx.applications.insert({
      account: account.id,
      name: 'shop',
      title: 'Shop',
      status: 'active',
    })
    const credential = await tx.credentials.insert({
      application: application.id,
      name: 'first',
      kind: 'api-key',
      keyId: 'abc',
      prefix: 'pc_live_abc',
      hash: 'hash-of-a-secret',
      pepper: 1,
      scopes: 'read write',
      expires: 4_102_444_800_000,
      notBefore: null,
      lastUsed: null,
      revoked: null,
      replaces: null,
    })
    const subscription = await tx.subscriptions.insert({
      application: application.id,
      product: 'default/pets',
      plan: 'default/free',
      status: 'active',
      since: tx.now,
      planSince: tx.now,
      previousPlan: null,
      previousSince: null,
      approvedBy: null,
      reason: null,
    })
    return { organization, account, application, credential, subscription }
  })
}
