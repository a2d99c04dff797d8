import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { readArguments } from './args.ts'
import { commands, entries } from '../commands.ts'
import { isGroup, UsageError } from './flag.ts'
import type { Command, CommandGroup, Flag } from './flag.ts'
import { commandHelp, helpWidth, programHelp } from './help.ts'

const size: Flag<number> = {
  name: 'size',
  short: 's',
  placeholder: 'N',
  env: 'T_SIZE',
  fallback: '1',
  help: 'How many.',
  parse: text => {
    if (!/^\d+$/.test(text)) throw new UsageError(`"${text}" is no number`)
    return Number(text)
  },
}
const header: Flag<readonly string[]> = {
  name: 'header',
  short: 'H',
  placeholder: 'TEXT',
  fallback: '',
  many: true,
  help: 'A header.',
  parse: text => (text === '' ? [] : text.split('\n')),
}
const parts: Flag<string> = {
  name: 'parts',
  placeholder: 'PART,…',
  fallback: '',
  help: 'Parts.',
  choices: ['a', '-a', '-b'],
  parse: text => text,
}
const loud: Flag<boolean> = {
  name: 'loud',
  env: 'T_LOUD',
  fallback: '',
  help: 'Loud.',
  parse: text => text === 'true',
}
const make: Command = {
  name: 'make',
  operands: '[PATH…]',
  summary: 'Make it.',
  details: [],
  flags: [size, header, parts, loud],
  run: () => Promise.resolve(0),
}

const build: Command = {
  ...make,
  name: 'car build',
  summary: 'Build one.',
  examples: ['portcullis car build x'],
}
const drive: Command = { ...make, name: 'car drive', summary: 'Drive it.', flags: [loud] }
const cars: CommandGroup = { name: 'car', summary: 'Cars:', commands: [build, drive] }

function given(argv: readonly string[], env: Record<string, string> = {}) {
  const asked = readArguments([make], ['make', ...argv], env)
  assert.equal(asked.type, 'command')
  return asked.given
}

suite('values come from the flag, else the environment, else the fallback', () => {
  for (const [argv, env, expected] of [
    [[], {}, 1],
    [[], { T_SIZE: '2' }, 2],
    [[], { T_SIZE: '' }, 1],
    [['--size', '3'], { T_SIZE: '2' }, 3],
    [['--size=3'], {}, 3],
    [['-s', '3'], {}, 3],
    [['a', '--size', '3', 'b'], {}, 3],
  ] as const)
    test(`${argv.join(' ')} with ${JSON.stringify(env)} gives ${expected}`, () => {
      assert.equal(given(argv, env).get(size), expected)
    })

  test('a switch is on when given', () => {
    assert.equal(given(['--loud']).get(loud), true)
    assert.equal(given([]).get(loud), false)
    assert.equal(given([], { T_LOUD: 'true' }).get(loud), true)
  })

  test('operands keep their order, also after --', () => {
    assert.deepEqual(given(['a', '-s', '3', 'b', '--', '--size']).operands, ['a', 'b', '--size'])
  })

  test('a repeated flag collects', () => {
    assert.deepEqual(given(['-H', 'a: 1', '--header', 'b: 2']).get(header), ['a: 1', 'b: 2'])
  })
})

suite('a value that begins with a minus', () => {
  for (const [argv, expected] of [
    [['--parts=-a'], '-a'],
    [['--parts', '-a'], '-a'],
    [['--parts', '-b,-a'], '-b,-a'],
    [['--parts=-x'], '-x'],
  ] as const)
    test(`is one: ${argv.join(' ')}`, () => assert.equal(given(argv).get(parts), expected))

  for (const argv of [
    ['--parts', '-s'],
    ['--parts', '--loud'],
    ['--size', '-a'],
  ])
    test(`is a forgotten one: ${argv.join(' ')}`, () => assert.throws(() => given(argv), /needs a value/))
})

suite('wrong use is said with the flag and what is expected', () => {
  for (const [argv, message] of [
    [['--sze', '3'], /make: unknown flag "--sze" \(did you mean "--size"\?\)/],
    [['--wholly-other'], /unknown flag "--wholly-other"; see portcullis make --help/],
    [['-x'], /unknown flag "-x"/],
    [['--size'], /--size needs a value: --size N/],
    [['--size', '--loud'], /--size needs a value/],
    [['--size', '1', '--size', '2'], /--size is given twice/],
    [['--loud=yes'], /--loud takes no value/],
    [['--size', 'many'], /^--size: "many" is no number$/],
  ] as const)
    test(argv.join(' '), () => {
      assert.throws(
        () => given(argv).get(size),
        error => error instanceof UsageError && message.test(error.message),
      )
    })

  test('a bad environment variable is named', () => {
    assert.throws(() => given([], { T_SIZE: 'x' }).get(size), /T_SIZE: "x" is no number/)
  })

  for (const [argv, message] of [
    [['mak'], /unknown command "mak" \(did you mean "make"\?\)/],
    [['--versoin'], /unknown flag "--versoin" \(did you mean "--version"\?\)/],
    [['help', 'mkae'], /did you mean "make"/],
  ] as const)
    test(argv.join(' '), () => assert.throws(() => readArguments([make], argv, {}), message))
})

suite('commands of a group', () => {
  const ask = (...argv: readonly string[]) => readArguments([make, cars], argv, {})

  test('have two words, and flags of their own', () => {
    const asked = ask('car', 'build', 'x', '--size', '3')
    assert.equal(asked.type, 'command')
    assert.equal(asked.command, build)
    assert.deepEqual([asked.given.operands, asked.given.get(size)], [['x'], 3])
    assert.throws(() => ask('car', 'drive', '--size', '3'), /^Error: car drive: unknown flag "--size"/)
  })

  for (const [argv, about] of [
    [['car', '--help'], cars],
    [['car', '-h'], cars],
    [['help', 'car'], cars],
    [['help', 'car', 'drive'], drive],
    [['car', 'drive', '--help'], drive],
  ] as const)
    test(`"${argv.join(' ')}" asks for the help of ${about.name}`, () =>
      assert.deepEqual(ask(...argv), { type: 'help', command: about }))

  for (const [argv, message] of [
    [['car'], /^car: which command\? expected build, drive; see portcullis car --help$/],
    [['car', 'biuld'], /^car: unknown command "biuld" \(did you mean "build"\?\); expected build, drive/],
    [['car', '--loud'], /^car: unknown command "--loud"; expected/],
    [['help', 'car', 'x'], /^car: unknown command "x"/],
  ] as const)
    test(`"${argv.join(' ')}" is told what there is`, () =>
      assert.throws(
        () => ask(...argv),
        error => error instanceof UsageError && message.test(error.message),
      ))

  test('help of the group has each with its first example', () => {
    const text = commandHelp(cars)
    assert.match(text, /^Usage: portcullis car COMMAND /)
    assert.match(text, /^ {2}build \[PATH…\] +Build one\.$/m)
    assert.match(text, /^ {2}portcullis car build x$/m)
    assert.match(programHelp([cars]), /^ {2}car COMMAND +Cars: build, drive\.$/m)
  })
})

suite('help and version', () => {
  for (const [argv, type, command] of [
    [[], 'help', undefined],
    [['--help'], 'help', undefined],
    [['-h'], 'help', undefined],
    [['help', 'make'], 'help', 'make'],
    [['make', '--help'], 'help', 'make'],
    [['make', '-h', '--unknown'], 'help', 'make'],
    [['--version'], 'version', undefined],
    [['make', '--version'], 'version', undefined],
  ] as const)
    test(`"${argv.join(' ')}" asks for ${type}`, () => {
      const asked = readArguments([make], argv, {})
      assert.equal(asked.type, type)
      assert.equal(asked.type === 'help' ? asked.command?.name : undefined, command)
    })

  test('every command, flag, fallback and environment variable is in the help', () => {
    const overview = programHelp(entries)
    for (const line of overview.split('\n')) assert.ok(line.length <= 100, line)
    for (const entry of entries)
      assert.ok(overview.includes(`  ${entry.name} ${isGroup(entry) ? 'COMMAND' : entry.operands}`))
    for (const group of entries.filter(isGroup))
      for (const line of commandHelp(group).split('\n')) assert.ok(line.length <= 100, line)
    for (const command of commands) {
      const text = commandHelp(command)
      for (const flag of command.flags) {
        assert.ok(text.includes(`--${flag.name}`), flag.name)
        if (flag.env !== undefined) assert.ok(text.includes(flag.env), flag.env)
        if (flag.short !== undefined) assert.ok(text.includes(`-${flag.short}, --${flag.name}`), flag.name)
      }
      for (const line of text.split('\n')) assert.ok(line.length <= 100, line)
    }
  })
})

suite('help in a terminal', () => {
  for (const [stream, width] of [
    [{ isTTY: true, columns: 80 }, 80],
    [{ isTTY: true, columns: 200 }, 100],
    [{ isTTY: true, columns: 20 }, 60],
    [{ columns: 80 }, 100],
    [{ isTTY: true }, 100],
  ] as const)
    test(`${JSON.stringify(stream)} has ${width} columns`, () => assert.equal(helpWidth(stream), width))

  test('lines fit into 80 columns, but for usage and examples, which are to be copied', () => {
    const texts = [programHelp(entries, 80), ...entries.map(entry => commandHelp(entry, 80))]
    for (const line of texts.flatMap(text => text.split('\n')))
      if (!/^(Usage:| {2}portcullis | {2}explain METHOD)/.test(line)) assert.ok(line.length <= 80, line)
  })
})

suite('the table of commands', () => {
  for (const command of commands) {
    test(`${command.name}: names, shorts and variables are unique, and fallbacks are valid`, () => {
      const names = command.flags.flatMap(flag => [
        flag.name,
        flag.env ?? flag.name + '!',
        flag.short ?? flag.name + '?',
      ])
      assert.equal(new Set(names).size, names.length)
      for (const flag of command.flags) {
        assert.doesNotThrow(() => flag.parse(flag.fallback), flag.name)
        // What belongs to one question (a header, a file to write) has none.
        if (flag.env !== undefined)
          assert.equal(flag.env, `PORTCULLIS_${flag.name.toUpperCase().replaceAll('-', '_')}`)
      }
    })
  }
})
