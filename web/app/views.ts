import type { IconName } from '../parts/icon.tsx'
import { viewsTexts } from '../texts/shell.ts'

/** The views of the menu: `g` and their key lead to them. */
export const views = [
  { to: '/', name: viewsTexts.overview, icon: 'overview', key: 'o' },
  { to: '/map', name: viewsTexts.map, icon: 'map', key: 'm' },
  { to: '/requests', name: viewsTexts.requests, icon: 'requests', key: 'r' },
  { to: '/routes', name: viewsTexts.routes, icon: 'routes', key: 't' },
  { to: '/backends', name: viewsTexts.backends, icon: 'backends', key: 'b' },
  { to: '/certificates', name: viewsTexts.certificates, icon: 'certificates', key: 'c' },
  { to: '/problems', name: viewsTexts.problems, icon: 'problems', key: 'p' },
  { to: '/explain', name: viewsTexts.explain, icon: 'explain', key: 'e' },
  { to: '/apis', name: viewsTexts.apis, icon: 'apis', key: 'a', managed: true },
  { to: '/consumers', name: viewsTexts.consumers, icon: 'consumers', key: 'k', managed: true },
  { to: '/usage', name: viewsTexts.usage, icon: 'usage', key: 'u', managed: true },
  { to: '/audit', name: viewsTexts.audit, icon: 'audit', key: 'd', managed: true },
  { to: '/access', name: viewsTexts.access, icon: 'access', key: 's', managed: true },
] as const satisfies readonly View[]

interface View {
  readonly to: string
  readonly name: string
  readonly icon: IconName
  readonly key: string
  /** Of the role management, where it runs; the others tell of what is served. */
  readonly managed?: true
}
