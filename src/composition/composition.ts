/** `portcullis/composition`: what a composition is written with. Its tests have `portcullis/composition/testing`. */
export { http, rest } from './backends/backend.ts'
export type { Backend, BackendSettings, Backends, CallNames, Clients } from './backends/backend.ts'
export type { Resilience } from './backends/resilience.ts'
export type { RestClient } from './backends/contract.ts'
export { grpc } from './backends/grpc.ts'
export type { GrpcClient, GrpcOptions, GrpcSettings } from './backends/grpc.ts'
export type { CallStream } from './backends/streamed-call.ts'
export type { HttpAnswer, HttpClient, HttpOptions } from './backends/http-client.ts'
export type { Call } from './calls/call.ts'
export { all, any, race, soft } from './calls/combine.ts'
export { CallFailure } from './calls/failure.ts'
export type { CallFailureName, ErrorAnswer } from './calls/failure.ts'
export type { GrpcCode, GrpcDetail, GrpcStatus } from './grpc/codes.ts'
export { registryOfModules, registryOfProtos, registryOfSet, registryOfSetFile } from './grpc/descriptors.ts'
export type { Metadata, MetadataInit } from './grpc/metadata.ts'
export { answer, Problem } from './routes/answer.ts'
export type { Answer } from './routes/answer.ts'
export { defineGateway } from './routes/gateway.ts'
export type { Gateway, GatewayOptions } from './routes/gateway.ts'
export type {
  After,
  Asked,
  Before,
  FailureRule,
  PartialReport,
  RouteContext,
  Routes,
} from './routes/route.ts'
export type { StreamContext, StreamOptions, StreamTimes } from './routes/stream.ts'
export type { Slow, SlowPolicy } from './streams/bounded-queue.ts'
export { Gap, item, mapped, StreamItem } from './streams/item.ts'
export { merged } from './streams/merged.ts'
export { relay, SocketClosed } from './streams/socket.ts'
export type { Socket } from './streams/socket.ts'
export type { Closed, SocketLimits } from './streams/frame-socket.ts'
export { websocket } from './backends/websocket.ts'
export type { ConnectOptions, WebSocketClient, WebSocketSettings } from './backends/websocket.ts'
export type { SocketContext, WebSocketOptions } from './routes/websocket.ts'
export { shared } from './streams/shared.ts'
export type { Shared } from './streams/shared.ts'
export type { SharedContext, SharedKey, SharedOptions } from './streams/shared-options.ts'
export type { Events, EventsOptions, EventStream } from './backends/event-types.ts'
export type { TranscodeOptions } from './routes/transcode.ts'
export { manifestOf } from './manifest/manifest.ts'
export type { Manifest } from './manifest/manifest.ts'
export { gatewayOfAggregate } from './aggregate/aggregate.ts'
export type { AggregateGateway } from './aggregate/aggregate.ts'
