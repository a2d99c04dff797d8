import type { Api, ApiKit } from './kit.ts'
import { figureRoutes } from './routes/figures.ts'
import { requestRoutes } from './routes/requests.ts'
import { statusRoutes } from './routes/status.ts'

/** All that the API has, a subject a file. */
export const routes: readonly ((app: Api, kit: ApiKit) => void)[] = [
  statusRoutes,
  figureRoutes,
  requestRoutes,
]
