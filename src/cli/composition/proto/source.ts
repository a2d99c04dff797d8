const SET = /\.(?:binpb|pb|desc|fds|protoset)$/i

/** Whether it is a descriptor set of buf or protoc, by its name. */
export const isSet = (name: string): boolean => SET.test(name)

/** A server that is asked by reflection: `grpc:` (or `h2c:`) is HTTP/2 as it is, `grpcs:` by TLS. */
export const isServer = (name: string): boolean => /^(?:grpcs?|h2c):\/\//i.test(name)

/** Whether it is a contract of gRPC that is named: .proto files, a descriptor set, or a server. */
export const isOfGrpc = (name: string): boolean => name.endsWith('.proto') || isSet(name) || isServer(name)
