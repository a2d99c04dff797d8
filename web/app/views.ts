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
] as const satisfies readonly { to: string; name: string; icon: IconName; key: string }[]
