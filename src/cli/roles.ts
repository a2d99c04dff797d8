import { Kinds } from '../model/kinds.ts'
import { ingress } from '../roles/ingress/ingress.ts'
import type { Role } from '../translation/role.ts'

/** All roles that are built, in the order in which a request from outside meets them. Nothing else here knows one by name. */
export const roles: readonly Role[] = [ingress]

/** What they read: for whoever reads declarations, and for the build. */
export const kinds = new Kinds(roles.flatMap(role => role.kinds))
