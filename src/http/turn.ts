/** What has something to send at the end of a turn; an object, so that ten thousand idle connections need no function each. */
export interface TurnWork {
  endTurn(): void
}

/** In the order in which they asked. */
let waiting: TurnWork[] = []

/**
 * Tells `work` when this turn of the event loop has handled what had arrived:
 * after the reads, before the loop waits again (Node's check phase).
 * Connections send then and not one by one as they have something to say.
 * Writes that follow each other find the kernel's way out in the processor's
 * caches, and a peer that the first of them wakes is awake for the others:
 * docs/adr/0009 has what that saves.
 */
export function atTurnEnd(work: TurnWork): void {
  if (waiting.push(work) === 1) setImmediate(endTurn)
}

function endTurn(): void {
  const now = waiting
  // What they ask for in their turn is for the next one.
  waiting = []
  for (const work of now) work.endTurn()
}
