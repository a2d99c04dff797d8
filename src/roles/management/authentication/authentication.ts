import type { FilterType } from '../../../filters/filter.ts'
import type { Accept, AuthenticationConfig } from './config.ts'
import { Door } from './door.ts'
import { inspectDoor } from './inspect.ts'

/** Who asks (AuthenticationPolicy, and what a Product asks for by itself): any of some kinds of credentials. */
export const authentication: FilterType<AuthenticationConfig> = {
  type: 'authentication',
  role: 'management',
  phase: 'authentication',
  compile: (config, kit) => new Door(config, kit),
  describe: ({ accepts, anonymous: isOpen }) =>
    [...accepts.map(describeAccept), ...(isOpen ? ['anonymous'] : [])].join(', '),
  except: ({ except }) => except,
  inspect: inspectDoor,
}

function describeAccept(accept: Accept): string {
  switch (accept.kind) {
    case 'api-key':
      return `API key in ${accept.in.map(({ where, name }) => `${where} ${name}`).join(', ')}`
    case 'jwt':
      return `token of ${accept.issuer}`
    case 'certificate':
      return accept.subjects === null
        ? 'client certificate'
        : `client certificate of ${accept.subjects.join(', ')}`
    case 'basic':
      return 'user and password'
  }
}
