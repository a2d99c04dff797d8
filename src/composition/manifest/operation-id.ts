import type { Route } from '../routes/route.ts'

/** `get_me_id_home` of GET /me/{id}/home, where the route says nothing: the same as long as method and path are. */
export const operationIdOf = ({ method, path, options }: Route): string =>
  options.operationId ??
  [method.toLowerCase(), ...path.split('/').map(segment => segment.replaceAll(/[^\w]+/g, ''))]
    .filter(part => part !== '')
    .join('_')
