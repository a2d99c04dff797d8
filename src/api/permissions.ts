import type { roleNames } from './shapes/role-binding.ts'

/** A role that users have; not one of the four of the program. */
export type UserRole = (typeof roleNames)[number]

/**
 * Who may do what, where they have the role: everywhere, in an organization, for a team, for an account. What is not
 * here nobody may, but the operator of the machine. Each route names one of these.
 */
// oxfmt-ignore
const table = {
  // Views of what is served, which is no organization's: for roles that hold everywhere.
  'platform:read':         ['viewer', 'api-owner', 'operator', 'admin'],
  'platform:write':        ['operator', 'admin'],
  'organizations:read':    ['viewer', 'api-owner', 'admin'],
  'organizations:write':   ['admin'],
  'teams:read':            ['viewer', 'api-owner', 'admin'],
  'teams:write':           ['admin'],
  // Users, their roles, and their tokens.
  'users:read':            ['admin'],
  'users:write':           ['admin'],
  'accounts:read':         ['viewer', 'api-owner', 'admin', 'developer'],
  'accounts:write':        ['admin'],
  'applications:read':     ['viewer', 'api-owner', 'admin', 'developer'],
  'applications:write':    ['admin', 'developer'],
  'credentials:read':      ['viewer', 'api-owner', 'admin', 'developer'],
  'credentials:write':     ['admin', 'developer'],
  // Scopes of a credential say what it may be used for: who consumes does not give them to himself.
  'credentials:grant':     ['api-owner', 'admin'],
  'subscriptions:read':    ['viewer', 'api-owner', 'admin', 'developer'],
  // Of the consumer: to subscribe, to choose a plan, to cancel.
  'subscriptions:write':   ['admin', 'developer'],
  // Of who owns the product: to approve, reject, suspend, resume, cancel.
  'subscriptions:approve': ['api-owner', 'admin'],
  // APIs, products and plans.
  'catalog:read':          ['viewer', 'api-owner', 'operator', 'admin', 'developer'],
  // Declared objects: those of management's kinds (apis), and all others (routes).
  'apis:write':            ['api-owner', 'admin'],
  'routes:write':          ['operator', 'admin'],
  'usage:read':            ['viewer', 'api-owner', 'admin', 'developer'],
  'audit:read':            ['admin'],
  'backup:read':           ['admin'],
} as const satisfies Readonly<Record<string, readonly UserRole[]>>

export type RolePermission = keyof typeof table

/**
 * `self`: who asks may do it of themselves, whatever their roles. `objects:write`: what is to be written says which of
 * `apis:write` and `routes:write` it needs.
 */
export type Permission = RolePermission | 'self' | 'objects:write'

export const permissions = Object.keys(table) as readonly RolePermission[]

export function roleMay(role: UserRole, permission: Permission): boolean {
  if (permission === 'self') return true
  if (permission === 'objects:write') return roleMay(role, 'apis:write') || roleMay(role, 'routes:write')
  return (table[permission] as readonly UserRole[]).includes(role)
}
