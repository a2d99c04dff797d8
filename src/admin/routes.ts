import type { Api } from '../api/api.ts'
import type { ApiKit } from './kit.ts'
import { certificateRoutes } from './routes/certificates.ts'
import { cacheRoutes } from './routes/cache.ts'
import { clusterRoutes } from './routes/clusters.ts'
import { explainRoutes } from './routes/explain.ts'
import { figureRoutes } from './routes/figures.ts'
import { requestRoutes } from './routes/requests.ts'
import { findingRoutes } from './routes/findings.ts'
import { objectRoutes } from './routes/objects.ts'
import { statusRoutes } from './routes/status.ts'
import { topologyRoutes } from './routes/topology.ts'

/** All that the API has, a subject a file. */
export const routes: readonly ((app: Api, kit: ApiKit) => void)[] = [
  statusRoutes,
  figureRoutes,
  requestRoutes,
  topologyRoutes,
  clusterRoutes,
  objectRoutes,
  findingRoutes,
  certificateRoutes,
  cacheRoutes,
  explainRoutes,
]
