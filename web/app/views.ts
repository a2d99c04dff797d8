import type { IconName } from '../parts/icon.tsx'
import { texts } from '../texts.ts'

/** The views of the menu: `g` and their key lead to them. */
export const views = [
  { to: '/', name: texts.views.overview, icon: 'overview', key: 'o' },
  { to: '/map', name: texts.views.map, icon: 'map', key: 'm' },
  { to: '/requests', name: texts.views.requests, icon: 'requests', key: 'r' },
  { to: '/routes', name: texts.views.routes, icon: 'routes', key: 't' },
  { to: '/backends', name: texts.views.backends, icon: 'backends', key: 'b' },
  { to: '/certificates', name: texts.views.certificates, icon: 'certificates', key: 'c' },
  { to: '/problems', name: texts.views.problems, icon: 'problems', key: 'p' },
  { to: '/explain', name: texts.views.explain, icon: 'explain', key: 'e' },
  { to: '/apis', name: texts.views.apis, icon: 'apis', key: 'a', role: 'management' },
  { to: '/consumers', name: texts.views.consumers, icon: 'consumers', key: 'k', role: 'management' },
  { to: '/usage', name: texts.views.usage, icon: 'usage', key: 'u', role: 'management' },
  { to: '/audit', name: texts.views.audit, icon: 'audit', key: 'd', role: 'management' },
] as const satisfies readonly View[]

interface View {
  readonly to: string
  readonly name: string
  readonly icon: IconName
  readonly key: string
  /** Of this role, where it runs. */
  readonly role?: string
}
