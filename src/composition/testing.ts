/** `portcullis/composition/testing`: what a composition is tested with. */
export { testGateway } from './testing/kit.ts'
export type { AskOptions, Kit, TestOptions } from './testing/kit.ts'
export { reply } from './testing/stub-transport.ts'
export type { Reply, StubRequest } from './testing/stub-transport.ts'
export type { AllStubs, Fault, StubOptions } from './testing/stubs.ts'
export type { TestAnswer } from './testing/test-answer.ts'
export type { Trace } from './testing/trace.ts'
