// `node --import` this `--test --test-force-exit`: processes of tests end as leave() does, and none hangs at its end.
import { isMainThread } from 'node:worker_threads'
import { leave } from '../../src/shared/leave.ts'

// What process.exit calls last, in the version that package.json pins.
if (isMainThread && process.execve !== undefined)
  (process as { reallyExit?: (code?: number) => never }).reallyExit = (
    code = Number(process.exitCode ?? 0),
  ) => leave(code)
