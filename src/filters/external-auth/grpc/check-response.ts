import { hasControl, isToken } from '../../../http/chars.ts'
import { unavailable, type Decision } from '../decision.ts'
import { isUnbringable } from '../names.ts'
import { MessageFields, MalformedMessage } from './protobuf.ts'

/**
 * What envoy.service.auth.v3.CheckResponse says. Where it says two things, that the request may pass and that it is
 * denied, it is denied.
 */
export function decisionOf(message: Buffer): Decision {
  try {
    return read(new MessageFields(message))
  } catch (error) {
    if (error instanceof MalformedMessage) return unavailable(`malformed CheckResponse: ${error.message}`)
    throw error
  }
}

function read(response: MessageFields): Decision {
  const code = response.message(1).number(1)
  if (code !== 0 || response.has(2)) return denied(response.message(2))
  const ok = response.message(3)
  // It would have the backend asked for something else than the client was allowed.
  if (ok.has(7) || ok.has(8)) return unavailable('query parameters are not changed here')
  const options = ok.messages(2).map(optionOf)
  return {
    verdict: 'allowed',
    set: linesOf(options.filter(({ action }) => action === 'set')),
    added: linesOf(options.filter(({ action }) => action === 'add')),
    removed: ok
      .list(5)
      .map(name => name.toString().toLowerCase())
      .filter(name => !isUnbringable(name)),
    answered: ok.messages(6).map(optionOf).flatMap(lineOf),
  }
}

/** type.v3.HttpStatus and the service's own words; without a status it is Envoy's own refusal, 403. */
function denied(response: MessageFields): Decision {
  const status = response.message(1).number(1)
  if (status >= 500 && status < 600) return unavailable(`status_${status}`)
  const fields = response.messages(2).map(optionOf).flatMap(lineOf)
  const isStatus = status >= 300 && status < 500
  return { verdict: 'denied', status: isStatus ? status : 403, fields, body: response.bytes(3) }
}

interface Option {
  readonly name: string
  readonly value: string
  readonly action: 'set' | 'add'
}

/**
 * config.core.v3.HeaderValueOption. A value takes the place of what the client sent under its name, whatever
 * `append_action` says, whose default would leave that in front of it; only `append: true` has it stand beside.
 */
function optionOf(option: MessageFields): Option {
  const header = option.message(1)
  const raw = header.bytes(3)
  const value = (raw.length > 0 ? raw : header.bytes(2)).toString('latin1')
  const append = option.message(2).number(1) !== 0
  return { name: header.text(1), value, action: append ? 'add' : 'set' }
}

/** A value with a line break in it would be another message; a name that codecs own, another way or another length. */
function lineOf({ name, value }: Option): string[] {
  if (!isToken(name) || hasControl(value)) throw new MalformedMessage(`a header ${JSON.stringify(name)}`)
  return owned.has(name.toLowerCase()) ? [] : [name, value]
}

function linesOf(options: readonly Option[]): string[] {
  return options.filter(({ name }) => !isUnbringable(name)).flatMap(lineOf)
}

const owned: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
