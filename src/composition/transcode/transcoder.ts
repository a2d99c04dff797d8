import {
  createRegistry,
  type DescMethod,
  type DescService,
  type JsonReadOptions,
  type JsonWriteOptions,
  type Registry,
} from '@bufbuild/protobuf'
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt'
import { UNIMPLEMENTED } from '../../http/grpc/status.ts'
import { Problem } from '../routes/answer.ts'
import type { MetadataRule } from './call/metadata.ts'
import { methodPath } from './call/method-call.ts'
import { statusOf, StatusError, StatusWriter } from './call/status.ts'
import { ConnectStream } from './connect/stream.ts'
import { ConnectUnary } from './connect/unary.ts'
import type { Codec } from './codec.ts'
import { GrpcCall, type GrpcWire } from './grpc/grpc-call.ts'
import { mediaType, type Inbound, type Incoming, type Surface } from './inbound.ts'
import { MessageTexts } from './json/message-texts.ts'
import { AnswerJson } from './rest/answer-json.ts'
import type { IgnoredParameters } from './rest/query.ts'
import { RequestMessages } from './rest/request-message.ts'
import { RestCall, type RestRule } from './rest/rest-call.ts'
import { RestSocket } from './rest/rest-socket.ts'
import { httpRules, type HttpRule, type ServiceConfig } from './rule/http-rule.ts'
import { RuleRouter, type Matched } from './rule/rule-router.ts'
import { checkOrigin, compiledOrigins, type SocketSettings } from './socket-settings.ts'

/** How messages are JSON; all false where it is left out, as the JSON mapping of protobuf has it. */
export interface JsonSettings {
  /** Fields that have no presence are there also when they are zero, false or empty. */
  readonly emitDefaults?: boolean
  readonly enumsAsIntegers?: boolean
  /** Names of the .proto file in place of those in lowerCamelCase. Both are read. */
  readonly protoNames?: boolean
  /** Members of a request that no field has mean nothing; else they are 400. */
  readonly ignoreUnknown?: boolean
}

/** What a backend offers. */
export interface Offer {
  readonly descriptors: Registry
  readonly services: readonly string[] | undefined
}

export interface TranscodeSettings {
  /** Of a descriptor set, .proto files, generated modules or reflection; left out: the service that the backend was declared with. */
  readonly descriptors?: Registry
  /** Full names (`shop.v1.Shop`); all that the descriptors have where it is left out, but for those of gRPC itself. */
  readonly services?: readonly string[]
  /** Rules of a gRPC API service configuration, in place of annotations. */
  readonly config?: ServiceConfig
  readonly json?: JsonSettings
  /** Parameters of queries that no field has and that are let through: these, or all (`'unknown'`). Left out: they are 400. */
  readonly ignoredParameters?: IgnoredParameters
  /** Protocols beside REST; all where it is left out. */
  readonly protocols?: readonly ('connect' | 'grpc-web' | 'grpc')[]
  /**
   * What of the client's fields the backend gets: these, or `'all'` that are metadata, credentials among them. Left out:
   * what the backend relays.
   */
  readonly requestMetadata?: MetadataRule
  /** What of the backend's metadata the client gets; all where it is left out. */
  readonly answerMetadata?: MetadataRule
  /** Which streams are WebSockets, and of whose pages. Left out: those of rules of GET, of pages of the request's own host. */
  readonly sockets?: SocketSettings
}

const PROTOCOLS = ['connect', 'grpc-web', 'grpc'] as const

/** Reads which method of a backend a request is for, and in what protocol; with all that does not depend on a request made already. */
export class Transcoder {
  readonly rules: readonly HttpRule[]
  readonly services: readonly DescService[]
  readonly protocols: ReadonlySet<string>
  readonly requestMetadata: MetadataRule
  readonly answerMetadata: MetadataRule
  /** Whether JSON has the names of the .proto file. */
  readonly protoNames: boolean
  /** Whether JSON has numbers of enums. */
  readonly enumsAsIntegers: boolean
  private readonly settings: TranscodeSettings
  private readonly surface: Omit<Surface, 'limitBytes'>
  private lastSurface: Surface | null = null
  private readonly methods = new Map<string, DescMethod>()
  private readonly router: RuleRouter<HttpRule>
  private readonly rests = new Map<HttpRule, RestRule>()
  private readonly origins: ReadonlySet<string>

  constructor(offer: Offer, settings: TranscodeSettings) {
    this.settings = settings
    this.services = servicesOf(offer)
    this.protocols = new Set<string>(settings.protocols ?? PROTOCOLS)
    this.requestMetadata = settings.requestMetadata ?? []
    this.answerMetadata = settings.answerMetadata ?? 'all'
    this.protoNames = settings.json?.protoNames ?? false
    this.enumsAsIntegers = settings.json?.enumsAsIntegers ?? false
    this.origins = compiledOrigins(settings.sockets?.origins ?? [])
    this.rules = httpRules(this.services, settings.config)
    this.router = new RuleRouter(this.rules)
    const registry = createRegistry(offer.descriptors)
    this.surface = { status: new StatusWriter(registry), ...jsonOptions(settings.json, registry) }
    if (this.protocols.size > 0)
      for (const { methods } of this.services)
        for (const method of methods) this.methods.set(methodPath(method), method)
    for (const rule of this.rules) this.rests.set(rule, this.restRule(rule))
  }

  /** Whether it takes a path, by any method. Throws a URIError for a broken escape. */
  takes(path: string): boolean {
    return this.methods.has(path) || this.router.has(path)
  }

  /** Whether a WebSocket opens the stream of a rule where its path has no rule of GET. */
  opensSocket({ httpMethod, method }: HttpRule): boolean {
    return (
      method.methodKind !== 'unary' &&
      (httpMethod === 'GET' || httpMethod === '*' || this.settings.sockets?.everyMethod === true)
    )
  }

  /**
   * Throws a StatusError where the request is for no method, and a Problem where it is in no protocol, or a WebSocket of
   * a page of another host. The path of a method is that method's whatever the media type: no rule takes it for another,
   * since who decides by operations knows the path alone.
   */
  inbound(path: string, incoming: Incoming, limitBytes: number): Inbound {
    const surface = this.surfaceFor(limitBytes)
    const method = this.methods.get(path)
    const call = method === undefined ? null : this.rpc(method, incoming, surface)
    if (call !== null) return call
    const { request } = incoming
    const socket = request.upgrade === 'websocket' ? this.socket(path, method, incoming, surface) : null
    if (socket !== null) return socket
    const found = this.router.find(request.method, path)
    if (isFor(found, method))
      return new RestCall(this.rests.get(found.rule)!, found.segments, incoming, surface)
    if (method !== undefined) throw this.notInAnyProtocol(method, incoming)
    throw new StatusError(statusOf(UNIMPLEMENTED, 'the path does not take the method'), {
      http: found === null ? 404 : 405,
      headers: found === null ? {} : { allow: found.join(', ') },
    })
  }

  /** The same for all requests of a gateway. */
  private surfaceFor(limitBytes: number): Surface {
    if (this.lastSurface?.limitBytes !== limitBytes) this.lastSurface = { ...this.surface, limitBytes }
    return this.lastSurface
  }

  /** For an error where it is not known what the client speaks. */
  errorJson(status: ReturnType<typeof statusOf>): string {
    return JSON.stringify(this.surface.status.json(status))
  }

  private rpc(method: DescMethod, incoming: Incoming, surface: Surface): Inbound | null {
    const { request } = incoming
    const type = mediaType(request.headers['content-type'])
    if (request.method === 'GET') return this.connectGet(method, incoming, surface)
    if (request.method !== 'POST') return null
    const [, wire, codec = 'proto'] =
      /^application\/(grpc(?:-web(?:-text)?)?)(?:\+(proto|json))?$/.exec(type) ?? []
    if (wire !== undefined && this.protocols.has(wire === 'grpc' ? 'grpc' : 'grpc-web'))
      return new GrpcCall(method, wire as GrpcWire, codec as Codec, incoming, surface)
    if (!this.protocols.has('connect')) return null
    const [, streams, of] = /^application\/(connect\+)?(proto|json)$/.exec(type) ?? []
    if (of === undefined) return null
    return streams === undefined
      ? new ConnectUnary(method, of as Codec, incoming, surface)
      : new ConnectStream(method, of as Codec, incoming, surface)
  }

  /** A handshake is a GET: a rule of another method is one that whoever protects that method does not see asked for. */
  private socket(
    path: string,
    named: DescMethod | undefined,
    incoming: Incoming,
    surface: Surface,
  ): RestSocket | null {
    const get = this.router.find('GET', path)
    const methods = get === null ? [] : 'rule' in get ? ['GET'] : get
    for (const method of methods) {
      const found = this.router.find(method, path)
      if (!isFor(found, named) || !this.opensSocket(found.rule)) continue
      checkOrigin(incoming.request.headers, this.origins)
      return new RestSocket(this.rests.get(found.rule)!, found.segments, incoming, surface)
    }
    return null
  }

  private connectGet(method: DescMethod, incoming: Incoming, surface: Surface): Inbound | null {
    const encoding = new URLSearchParams(incoming.search).get('encoding')
    if (!this.protocols.has('connect') || (encoding !== 'proto' && encoding !== 'json')) return null
    return method.idempotency === Level.NO_SIDE_EFFECTS && method.methodKind === 'unary'
      ? new ConnectUnary(method, encoding, incoming, surface)
      : null
  }

  /** Clients of Connect and gRPC read the status of HTTP where the media type is none of theirs. */
  private notInAnyProtocol(method: DescMethod, { request }: Incoming): Problem {
    const safe = method.idempotency === Level.NO_SIDE_EFFECTS && method.methodKind === 'unary'
    if (request.method !== 'POST')
      return new Problem(405, `The method is called by POST${safe ? ' or GET' : ''}`, {
        headers: { allow: safe ? 'GET, POST' : 'POST' },
      })
    return new Problem(415, 'The media type of the request is none that the method is called by', {
      headers: {
        'accept-post': 'application/json, application/proto, application/grpc-web, application/grpc',
      },
    })
  }

  private restRule(rule: HttpRule): RestRule {
    const surface = { ...this.surface, limitBytes: 0 }
    return {
      rule,
      requests: new RequestMessages(rule, surface.readJson, this.settings.ignoredParameters),
      answers: new AnswerJson(rule, surface),
    }
  }
}

/** Whether a rule has been found, and none of another method than that whose name the path is. */
const isFor = (
  found: Matched<HttpRule> | readonly string[] | null,
  named: DescMethod | undefined,
): found is Matched<HttpRule> =>
  found !== null && 'rule' in found && (named === undefined || found.rule.method === named)

/** Services of gRPC itself are for who operates the backend, and not for clients of an API. */
function servicesOf({ descriptors, services: names }: Offer): readonly DescService[] {
  const all = [...descriptors].filter(one => one.kind === 'service')
  const known = all.map(({ typeName }) => typeName)
  for (const name of names ?? [])
    if (!known.includes(name))
      throw new TypeError(
        `the service ${JSON.stringify(name)}: the descriptors have ${known.join(', ') || 'none'}`,
      )
  const chosen = all.filter(({ typeName }) =>
    names === undefined ? !typeName.startsWith('grpc.') : names.includes(typeName),
  )
  if (chosen.length === 0) throw new TypeError('the descriptors have no service')
  return chosen
}

function jsonOptions(json: JsonSettings = {}, registry: Registry) {
  const readJson: Partial<JsonReadOptions> = { registry, ignoreUnknownFields: json.ignoreUnknown ?? false }
  const writeJson: Partial<JsonWriteOptions> = {
    registry,
    alwaysEmitImplicit: json.emitDefaults ?? false,
    enumAsInteger: json.enumsAsIntegers ?? false,
    useProtoFieldName: json.protoNames ?? false,
  }
  return { readJson, writeJson, texts: new MessageTexts(writeJson) }
}
