import { fileURLToPath } from 'node:url'

import { noPart, PAGE_TIMEOUT_MS, pages, PART_TIMEOUT_MS } from '../../composed/part.ts'
import type { PagePart } from '../../composed/part.ts'
import type { Composed } from '../cases.ts'

/** The Composition of a case, and the route that leads to it; `declared` has the pages without code. */
export function composedObjects(composed: Composed, declared: boolean): unknown[] {
  return [
    object(
      'portcullis.dev/v1alpha1',
      'Composition',
      declared ? { aggregate } : { bundle: bundleOf(composed) },
    ),
    object('gateway.networking.k8s.io/v1', 'HTTPRoute', {
      parentRefs: [{ name: 'bench' }],
      rules: [{ backendRefs: [{ group: 'portcullis.dev', kind: 'Composition', name: 'bench' }] }],
    }),
  ]
}

function bundleOf(composed: Composed): string {
  return fileURLToPath(new URL(`../../composed/${composed}.gateway.ts`, import.meta.url))
}

const aggregate = {
  timeout: `${PAGE_TIMEOUT_MS}ms`,
  backends: { backend: { timeout: `${PART_TIMEOUT_MS}ms` } },
  routes: Object.entries(pages).map(([page, parts]) => ({
    path: `/${page}/{id}`,
    parts: Object.fromEntries(parts.map(part => [part.name, declaredPart(part)])),
  })),
}

function declaredPart({ name, from, soft }: PagePart): object {
  return {
    backend: 'backend',
    path: `/${from}/${name}/{params.id}`,
    allow: ['name', 'items.id', 'items.total'],
    ...(soft ? { default: noPart } : {}),
  }
}

function object(apiVersion: string, kind: string, spec: object): unknown {
  return { apiVersion, kind, metadata: { name: 'bench' }, spec }
}
