/** What WorkerGroup runs in its threads. */
export const workerEntry = new URL('../../src/cli/worker.ts', import.meta.url)
