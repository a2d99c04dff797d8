import { join } from 'node:path'
import type { PeppersKeeper } from '../../translation/role.ts'
import { CommandFailure, UsageError, type Given } from '../command/flag.ts'
import { data, secrets } from '../command/flags.ts'
import { roles } from '../roles.ts'

const EXPECTED = 'expected nothing, make, add, use VERSION or drop VERSION'

/** `portcullis keys peppers`. */
export async function peppers(given: Given): Promise<number> {
  const [verb, version, ...more] = given.operands
  if (more.length > 0) throw new UsageError(`keys peppers: ${EXPECTED}`)
  const keeperOf = roles.find(role => role.peppers !== undefined)?.peppers
  if (keeperOf === undefined) throw new CommandFailure('no role that is built has keys')
  const keeper = await keeperOf(given.get(secrets) || join(given.get(data), 'secrets'))
  try {
    act(keeper, verb, version)
    process.stdout.write(textOf(keeper))
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error
    throw new CommandFailure(error.message, { cause: error })
  }
  return 0
}

function act(keeper: PeppersKeeper, verb: string | undefined, version: string | undefined): void {
  const takesNone = verb === undefined || verb === 'make' || verb === 'add'
  if (takesNone !== (version === undefined)) throw new UsageError(`keys peppers: ${EXPECTED}`)
  switch (verb) {
    case undefined:
      return
    case 'make':
      return keeper.make()
    case 'add':
      return void keeper.add()
    case 'use':
      return keeper.use(numberOf(version!))
    case 'drop':
      return keeper.drop(numberOf(version!))
    default:
      throw new UsageError(`keys peppers: "${verb}" is not known, ${EXPECTED}`)
  }
}

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`keys peppers: "${text}" is no version, expected a number from 1`)
  return Number(text)
}

function textOf(keeper: PeppersKeeper): string {
  const { current, versions } = keeper.read()
  const others = versions.filter(version => version !== current)
  const verified = others.length === 0 ? '' : `; verified as well: ${others.join(', ')}`
  return `${keeper.file}\nmade under version ${current}${verified}\n`
}
