import type { Kit } from '../filters/kit.ts'
import type { RoleName } from '../model/kind.ts'
import type { Action, Handle } from '../snapshot/rule.ts'
import type { CompiledAction } from './run.ts'

/** A kind of action beside those of the standard, whole in its own file: a cache before a backend, several calls laid together. */
export interface ActionType<C extends Handle = Handle> {
  /** Handle.handler */
  readonly handler: C['handler']
  readonly role: RoleName
  /** `inner` compiles an action that stands within this one. Throws where it cannot be had. */
  compile(action: C, kit: Kit, inner: (action: Action) => CompiledAction): CompiledAction
  /** What `explain` shows of it. */
  describe(action: C): string
}

/** The types of actions that this program has: cli/ puts them together from the lists of the roles. */
export class ActionTable {
  private readonly types: ReadonlyMap<string, ActionType>

  constructor(types: readonly ActionType[]) {
    this.types = new Map(types.map(type => [type.handler, type]))
    if (this.types.size < types.length) throw new Error('two types of actions have one name')
  }

  /** Throws where there is none of this name: its requests must not go anywhere else. */
  find(handler: string): ActionType {
    const type = this.types.get(handler)
    if (type === undefined) throw new Error(`no action ${JSON.stringify(handler)} is known here`)
    return type
  }
}

export const noActions = new ActionTable([])
