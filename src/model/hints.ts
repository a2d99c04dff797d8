import { Backend } from './kinds/backend.ts'
import { Service } from './kinds/service.ts'
import { formatPosition } from './problem.ts'
import type { Problem } from './resource.ts'
import type { Resources } from './resources.ts'

/** A problem with what only all objects together tell: what to write in place of a reference that lacks its port. */
export function withHint(problem: Problem, resources: Resources): Problem {
  const { refers, message } = problem
  if (refers === undefined) return problem
  const { namespace, name } = refers
  const at = resources.get(Backend, namespace, name)?.at([]) ?? null
  const position = at ?? resources.refusal(Backend, namespace, name)?.position ?? null
  if (position !== null)
    return {
      ...problem,
      message: `${message}, and ${name} is a Backend (${formatPosition(position)}): write ${backendReference(name)}`,
    }
  const ports = resources.get(Service, namespace, name)?.body.spec?.ports ?? []
  return ports.length === 0
    ? problem
    : { ...problem, message: `${message}, expected ${ports.map(({ port }) => port).join(' or ')}` }
}

/** How a Backend is referred to. */
export function backendReference(name: string): string {
  return `{ group: portcullis.dev, kind: Backend, name: ${name} }`
}
