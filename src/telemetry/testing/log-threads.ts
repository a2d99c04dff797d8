/** A program whose main thread and worker log a hundred lines each, the worker dying at once; for log.test.ts. */
import { isMainThread, Worker } from 'node:worker_threads'
import { log } from '../log.ts'

if (isMainThread) new Worker(new URL(import.meta.url))
for (let i = 0; i < 100; i++) log.info(isMainThread ? 'main' : 'thread', { i })
if (!isMainThread) process.exit(0)
