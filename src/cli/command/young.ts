import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 allocate nothing as old that has just been made. It does so from some places of the code on once it has seen
 * most of what is made there survive a collection or two, as it does while many requests are under way; and does not
 * take it back while requests go on, although all they leave behind dies. What is made old is never young garbage, and
 * keeps what it refers to. It met one process in two, for good: a call of gRPC cost 9.3 µs without it and 13.7 with it,
 * a request of HTTP/2 7 % more.
 *
 * For all threads, and before what is compiled is kept: V8 takes no kept code of other flags.
 */
export function allocateYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}

/**
 * Has each thread's young memory be of the size that its `resourceLimits` say: without this, what bin/portcullis says for
 * the main thread holds for all of them.
 */
export function sizeYoungByThread(): void {
  setFlagsFromString('--max-semi-space-size=0')
}
