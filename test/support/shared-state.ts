import { NodeState, SharedState } from '../../src/shared/node-state.ts'

/** What the workers of a node share, as one of them has it. */
export function sharedState(node = new NodeState(), owner = 1): SharedState {
  return new SharedState(node.handle(owner).handle)
}
