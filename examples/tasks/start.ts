// The services that the pages of docs/tasks have behind the gateway, on the ports that stand there.
import { startServices, writtenPorts } from './services.ts'

const services = await startServices(writtenPorts)
const { shop, next, api, login, grpc, room, issuer } = writtenPorts
console.log(
  `shop on ${shop}, its next version on ${next}, an API on ${api}, who decides on ${login}, gRPC on ${grpc}, WebSocket on ${room}, an issuer of tokens on ${issuer}`,
)
console.log('Ctrl-C ends them.')
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => services.close())
