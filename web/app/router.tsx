import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { Crashed, NotFound } from './fallbacks.tsx'
import { Shell } from './shell.tsx'

/** Parameters of an address that are text; others are not taken over. */
function textParams<const N extends string>(...names: readonly N[]) {
  return (search: Record<string, unknown>): { [K in N]?: string } => {
    const kept: { [K in N]?: string } = {}
    for (const name of names) {
      const value = search[name]
      // The router reads numbers as such: ?minDurationMs=500.
      if ((typeof value === 'string' && value !== '') || typeof value === 'number') kept[name] = String(value)
    }
    return kept
  }
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Crashed })
const under = () => root

const overview = createRoute({
  getParentRoute: under,
  path: '/',
  component: lazyRouteComponent(() => import('../views/overview/overview.tsx'), 'Overview'),
})
const map = createRoute({
  getParentRoute: under,
  path: '/map',
  validateSearch: textParams('q', 'listener'),
  component: lazyRouteComponent(() => import('../views/map/map.tsx'), 'MapView'),
})
const requests = createRoute({
  getParentRoute: under,
  path: '/requests',
  validateSearch: textParams('status', 'route', 'host', 'path', 'client', 'minDurationMs', 'keep'),
  component: lazyRouteComponent(() => import('../views/requests/requests.tsx'), 'Requests'),
})
const story = createRoute({
  getParentRoute: under,
  path: '/requests/$id',
  component: lazyRouteComponent(() => import('../views/requests/story.tsx'), 'StoryView'),
})
const routesRoot = createRoute({ getParentRoute: under, path: '/routes' })
const underRoutes = () => routesRoot
const routes = createRoute({
  getParentRoute: underRoutes,
  path: '/',
  validateSearch: textParams('q', 'listener'),
  component: lazyRouteComponent(() => import('../views/routes/routes.tsx'), 'Routes'),
})
const rule = createRoute({
  getParentRoute: underRoutes,
  path: '$',
  component: lazyRouteComponent(() => import('../views/routes/rule.tsx'), 'RuleView'),
})
const backendsRoot = createRoute({ getParentRoute: under, path: '/backends' })
const underBackends = () => backendsRoot
const backends = createRoute({
  getParentRoute: underBackends,
  path: '/',
  validateSearch: textParams('q'),
  component: lazyRouteComponent(() => import('../views/backends/backends.tsx'), 'Backends'),
})
const cluster = createRoute({
  getParentRoute: underBackends,
  path: '$',
  component: lazyRouteComponent(() => import('../views/backends/cluster.tsx'), 'ClusterView'),
})
const certificates = createRoute({
  getParentRoute: under,
  path: '/certificates',
  component: lazyRouteComponent(() => import('../views/certificates.tsx'), 'Certificates'),
})
const problems = createRoute({
  getParentRoute: under,
  path: '/problems',
  validateSearch: textParams('severity'),
  component: lazyRouteComponent(() => import('../views/problems.tsx'), 'Problems'),
})
const explain = createRoute({
  getParentRoute: under,
  path: '/explain',
  validateSearch: textParams('method', 'url'),
  component: lazyRouteComponent(() => import('../views/explain/explain.tsx'), 'Explain'),
})
const object = createRoute({
  getParentRoute: under,
  path: '/objects/$group/$kind/$namespace/$name',
  component: lazyRouteComponent(() => import('../views/object/object.tsx'), 'ObjectView'),
})

const apisRoot = createRoute({ getParentRoute: under, path: '/apis' })
const underApis = () => apisRoot
const apis = createRoute({
  getParentRoute: underApis,
  path: '/',
  validateSearch: textParams('show'),
  component: lazyRouteComponent(() => import('../views/apis/apis.tsx'), 'Apis'),
})
const api = createRoute({
  getParentRoute: underApis,
  path: '$namespace/$name',
  component: lazyRouteComponent(() => import('../views/apis/api.tsx'), 'ApiView'),
})
const newObject = createRoute({
  getParentRoute: underApis,
  path: 'new',
  validateSearch: textParams('kind'),
  component: lazyRouteComponent(() => import('../views/declared/new-object.tsx'), 'NewObject'),
})
const editObject = createRoute({
  getParentRoute: underApis,
  path: 'edit/$group/$kind/$namespace/$name',
  component: lazyRouteComponent(() => import('../views/declared/edit-object.tsx'), 'EditObject'),
})
const consumersRoot = createRoute({ getParentRoute: under, path: '/consumers' })
const underConsumers = () => consumersRoot
const consumers = createRoute({
  getParentRoute: underConsumers,
  path: '/',
  validateSearch: textParams('show', 'account', 'status'),
  component: lazyRouteComponent(() => import('../views/consumers/consumers.tsx'), 'Consumers'),
})
const application = createRoute({
  getParentRoute: underConsumers,
  path: '$id',
  component: lazyRouteComponent(() => import('../views/consumers/application.tsx'), 'ApplicationView'),
})
const usage = createRoute({
  getParentRoute: under,
  path: '/usage',
  validateSearch: textParams('range', 'group', 'api', 'application', 'plan'),
  component: lazyRouteComponent(() => import('../views/usage/usage.tsx'), 'UsageView'),
})
const audit = createRoute({
  getParentRoute: under,
  path: '/audit',
  validateSearch: textParams('actor', 'kind', 'object'),
  component: lazyRouteComponent(() => import('../views/audit.tsx'), 'Audit'),
})
const accessRoot = createRoute({ getParentRoute: under, path: '/access' })
const underAccess = () => accessRoot
const access = createRoute({
  getParentRoute: underAccess,
  path: '/',
  validateSearch: textParams('show'),
  component: lazyRouteComponent(() => import('../views/access/access.tsx'), 'Access'),
})
const user = createRoute({
  getParentRoute: underAccess,
  path: 'users/$id',
  component: lazyRouteComponent(() => import('../views/access/user.tsx'), 'UserView'),
})
const team = createRoute({
  getParentRoute: underAccess,
  path: 'teams/$id',
  component: lazyRouteComponent(() => import('../views/access/team.tsx'), 'TeamView'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    map,
    requests,
    story,
    routesRoot.addChildren([routes, rule]),
    backendsRoot.addChildren([backends, cluster]),
    certificates,
    problems,
    explain,
    object,
    apisRoot.addChildren([apis, api, newObject, editObject]),
    consumersRoot.addChildren([consumers, application]),
    usage,
    audit,
    accessRoot.addChildren([access, user, team]),
  ]),
  defaultPreload: 'intent',
  // A view that fails leaves the menu.
  defaultErrorComponent: Crashed,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
