/** In the order in which they asked. */
let waiting: (() => void)[] = []

/**
 * Runs what is given when this turn of the event loop has handled what had
 * arrived: after the reads, before the loop waits again (Node's check phase).
 * Connections send then and not one by one as they have something to say.
 * Writes that follow each other find the kernel's way out in the processor's
 * caches, and a peer that the first of them wakes is awake for the others:
 * docs/adr/0009 has what that saves.
 */
export function atTurnEnd(run: () => void): void {
  if (waiting.push(run) === 1) setImmediate(runAll)
}

function runAll(): void {
  const now = waiting
  // What they ask for in their turn is for the next one.
  waiting = []
  for (const run of now) run()
}
