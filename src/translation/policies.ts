import type { FieldPath, Resource, ResourceRef } from '../model/resource.ts'
import type { PolicyTarget } from '../model/kinds/shapes.ts'
import type { Flaw, Report } from './report.ts'
import type { Absence } from './missing.ts'

/** A changeable part of settings. */
export type Patch<T> = { -readonly [K in keyof T]?: T[K] }

/** Without what is not given: that stays open for a policy that is farther away. */
export function given<T extends object>(values: { readonly [K in keyof T]?: T[K] | undefined }): Patch<T> {
  const patch: Patch<T> = {}
  for (const key in values)
    if (Object.hasOwn(values, key)) {
      const value = values[key]
      if (value !== undefined) patch[key] = value
    }
  return patch
}

/** One targetRef of a policy. */
export interface PolicyAttachment<P extends Resource> {
  readonly policy: P
  readonly target: PolicyTarget
  /** `spec.targetRefs[i]` */
  readonly path: FieldPath
}

/** In the order of the policies. Those of Resources are the oldest first: of two that say the same of one thing, the older one counts. */
export function attachmentsOf<
  P extends Resource<{ readonly spec: { readonly targetRefs: readonly PolicyTarget[] } }>,
>(policies: readonly P[]): PolicyAttachment<P>[] {
  return policies.flatMap(policy =>
    policy.body.spec.targetRefs.map((target, i) => ({ policy, target, path: ['spec', 'targetRefs', i] })),
  )
}

/** The carrier of a policy's condition: the object it attaches to (PolicyAncestorStatus). */
export function parentOf({
  policy,
  target,
}: PolicyAttachment<Resource>): ResourceRef & { sectionName?: string } {
  const { group, kind, name, sectionName } = target
  const ref = { group, kind, namespace: policy.metadata.namespace, name }
  return sectionName === undefined ? ref : { ...ref, sectionName }
}

export function accept(attachment: PolicyAttachment<Resource>, report: Report, message: string): void {
  report.good(attachment.policy, 'Accepted', 'Accepted', message, { parent: parentOf(attachment) })
}

export function reject(
  attachment: PolicyAttachment<Resource>,
  report: Report,
  reason: Flaw['reason'],
  why: string | Absence,
  path: FieldPath = attachment.path,
): void {
  const absence = typeof why === 'string' ? { message: why } : why
  report.bad(attachment.policy, 'Accepted', [{ reason, path, ...absence }], {
    parent: parentOf(attachment),
  })
}

/** `default/limits`, to name a policy in a message. */
export function policyName({ metadata }: Resource): string {
  return `${metadata.namespace}/${metadata.name}`
}
