/** Those of them that filters write. */
export const noteFields = ['user.name', 'portcullis.external_auth', 'portcullis.authorization.dry_run']

/** What each field of the access log says; a test holds it to the fields of a line that has all of them. */
export const accessFields: Readonly<Record<string, string>> = {
  time: 'When it ended: RFC 3339, UTC, with milliseconds.',
  'http.request.method': 'The method; `_OTHER` where it is none that is registered.',
  'http.request.method_original': 'What stands for `_OTHER`.',
  'http.response.status_code': 'What was sent; left out where the client was gone before.',
  'network.protocol.version': '`1.0`, `1.1`, `2`.',
  'server.address': 'The host that the client named, or the server name of its TLS handshake.',
  'server.port': 'Of the listener.',
  'portcullis.listener': 'Namespace, Gateway and listener.',
  'http.route': 'The rule that took it: kind, namespace, name and position.',
  'portcullis.cluster': 'Where it was sent: a Backend, or a Service and its port.',
  'portcullis.endpoint': 'Address and port of the last attempt.',
  'portcullis.attempts': 'How many there were.',
  'user_agent.original': 'The User-Agent, at most 384 characters.',
  'url.path': 'The canonical path, as routes and filters saw it first.',
  'url.query': 'The query, without the values of parameters whose names say that they are secret.',
  'client.address': 'The client, after the PROXY protocol and trusted hops.',
  'portcullis.exchange.id': 'X-Request-Id, which the upstream and an error body have too.',
  'http.request.body.size': 'Bytes, without framing.',
  'http.response.body.size': 'Bytes, without framing.',
  duration: 'Seconds from the first byte of the request to the last of the response.',
  'portcullis.upstream.duration': 'Seconds of the last attempt, to the head of its response.',
  'network.peer.address': 'The other end of the connection, where the client is behind it.',
  'portcullis.failure': 'Why it failed: see [failures](failures.md).',
  'portcullis.failure.reason':
    'What is known beyond that: the rule that a response broke, what was wrong with a certificate, why a handshake ended.',
  'portcullis.rejection': 'The rule of the codec, or the step of a handshake, that was broken.',
  'rpc.grpc.status_code': 'Of a gRPC call.',
  'user.name': 'Who asks, by basic authentication.',
  'portcullis.external_auth': 'What a service that was asked has said, and whether it was kept from before.',
  'portcullis.authorization.dry_run': 'Policies in dry run that would have denied it, and by which rules.',
  trace_id: 'Of the W3C trace context that came with the request.',
  span_id: 'Of the W3C trace context that came with the request.',
}
