import type { AddRoutes, Api } from '../../../api/api.ts'
import { accountRoutes } from './accounts.ts'
import { applicationRoutes } from './applications.ts'
import { auditRoutes } from './audit.ts'
import { backupRoutes } from './backup.ts'
import { catalogRoutes } from './catalog.ts'
import type { ManagementApi } from './context.ts'
import { credentialRoutes } from './credentials.ts'
import { meRoutes } from './me.ts'
import { objectWriteRoutes } from './objects.ts'
import { organizationRoutes } from './organizations.ts'
import { publishedRoutes } from './published.ts'
import { roleBindingRoutes } from './role-bindings.ts'
import { setupRoutes } from './setup.ts'
import { storeProblem } from './store-problem.ts'
import { storedObjectRoutes } from './stored-objects.ts'
import { subscriptionLimitRoutes } from './subscription-limits.ts'
import { subscriptionRoutes } from './subscriptions.ts'
import { teamRoutes } from './teams.ts'
import { tokenRoutes } from './tokens.ts'
import { usageRoutes } from './usage.ts'
import { userRoutes } from './users.ts'

const routes: readonly ((app: Api, api: ManagementApi) => void)[] = [
  meRoutes,
  setupRoutes,
  organizationRoutes,
  teamRoutes,
  userRoutes,
  tokenRoutes,
  roleBindingRoutes,
  accountRoutes,
  applicationRoutes,
  credentialRoutes,
  subscriptionRoutes,
  subscriptionLimitRoutes,
  catalogRoutes,
  publishedRoutes,
  objectWriteRoutes,
  usageRoutes,
  storedObjectRoutes,
  auditRoutes,
  backupRoutes,
]

/** All that management has in the Admin API, a subject a file. */
export function managementRoutes(api: ManagementApi): AddRoutes {
  return app => {
    // What reads the store may find it away too, wherever it reads: that is no fault of this program.
    app.addHook('onRoute', route => {
      route.errorHandler ??= (error, _request, reply) => void reply.send(storeProblem(error))
    })
    for (const add of routes) add(app, api)
  }
}
